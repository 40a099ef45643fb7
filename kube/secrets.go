package kube

import (
	"encoding/base64"
	"net/url"
	"os"
	"regexp"
	"strings"
)

// Secrets lists everything in the kubeconfig that gives access, and in the
// files that it names, so that somebody can take it out of a text. What cannot
// be read is in no text either.
func Secrets(o Options) []string {
	raw, err := rules(o).Load()
	if err != nil {
		return nil
	}
	var all []string
	add := func(values ...string) {
		for _, v := range values {
			if v != "" {
				all = append(all, v)
			}
		}
	}
	data := func(inline []byte, file string) {
		if len(inline) == 0 && file != "" {
			inline, _ = os.ReadFile(file)
		}
		add(string(inline), base64.StdEncoding.EncodeToString(inline))
	}
	for _, user := range raw.AuthInfos {
		add(user.Token, user.Password)
		data(nil, user.TokenFile)
		data(user.ClientKeyData, user.ClientKey)
		data(user.ClientCertificateData, user.ClientCertificate)
		if user.AuthProvider != nil {
			for _, value := range user.AuthProvider.Config {
				add(value)
			}
		}
		if user.Exec != nil {
			add(secretArgs(user.Exec.Args)...)
			for _, env := range user.Exec.Env {
				add(env.Value)
			}
		}
	}
	for _, cluster := range raw.Clusters {
		for _, address := range []string{cluster.Server, cluster.ProxyURL} {
			if u, err := url.Parse(address); err == nil && u.User != nil {
				password, _ := u.User.Password()
				add(password)
			}
		}
	}
	return all
}

var secretArg = regexp.MustCompile(`(?i)token|secret|passw|credential|key`)

// secretArgs are the arguments that follow a telling name: --password X,
// --password=X.
func secretArgs(args []string) []string {
	var secrets []string
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		switch {
		case joined && secretArg.MatchString(name):
			secrets = append(secrets, value)
		case i > 0 && strings.HasPrefix(args[i-1], "-") && secretArg.MatchString(args[i-1]):
			secrets = append(secrets, arg)
		}
	}
	return secrets
}
