package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/kube/gateway"
	"github.com/berth-sh/berth/workspace"
)

// maxSecurityFile caps what is read of a file of certificates or keys, in
// bytes: what it holds ends in an object of the cluster.
const maxSecurityFile = 256 << 10

// securityFiles are the paths of what TLS and tokens take from files.
type securityFiles struct{ ca, clientCA, keys string }

// securityFlags adds the flags of TLS, client certificates and tokens.
func securityFlags(cmd *cobra.Command, o *gateway.Options, files *securityFiles) {
	f := cmd.Flags()
	f.StringVar(&o.TLS.Secret, "tls-secret", "", "TLS, with the certificate in Secret `NAME` of namespace "+workspace.GatewayNamespace)
	f.StringVar(&o.TLS.ServerName, "tls-server-name", "", "`NAME` in the gateway's certificate, * for any below --tls-ca (default the address's)")
	f.StringVar(&files.ca, "tls-ca", "", "PEM `FILE` that clients trust the gateway by (default what their systems trust)")
	f.StringVar(&files.clientCA, "client-ca", "", "take clients with a certificate below the CA in PEM `FILE` only")
	f.BoolVar(&o.TLS.ClientCertificates, "client-certs", false, "the same, with the CA in ca.crt of --tls-secret")
	f.StringVar(&o.Token.Issuer, "jwt-issuer", "", "take clients with a token of `ISSUER` only")
	f.StringVar(&o.Token.JWKSURI, "jwt-jwks-uri", "", "`URL` of the issuer's public keys")
	f.StringVar(&files.keys, "jwt-jwks", "", "`FILE` with the issuer's public keys, in place of the URL")
	f.StringSliceVar(&o.Token.Audiences, "jwt-audience", nil, "`NAME` that a token is for; repeat")
	for _, flag := range []string{"tls-ca", "client-ca"} {
		_ = cmd.MarkFlagFilename(flag, "pem", "crt", "cer") // the flag exists
	}
	_ = cmd.MarkFlagFilename("jwt-jwks", "json") // the flag exists
	for _, flag := range []string{"tls-secret", "tls-server-name", "jwt-issuer", "jwt-jwks-uri", "jwt-audience"} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions) // the flag exists
	}
}

// read reads the files that were named.
func (s securityFiles) read(o *gateway.Options) (err error) {
	for _, file := range []struct {
		flag, path string
		to         *[]byte
	}{{"tls-ca", s.ca, &o.TLS.CA}, {"client-ca", s.clientCA, &o.TLS.ClientCA}, {"jwt-jwks", s.keys, &o.Token.JWKS}} {
		if file.path == "" {
			continue
		}
		if *file.to, err = readSmall(file.path); err != nil {
			return workspace.WithKind(workspace.ErrUsage, fmt.Errorf("--%s: %w", file.flag, err))
		}
		if len(*file.to) == 0 {
			return workspace.Usagef("--%s: %s is empty", file.flag, file.path)
		}
	}
	return nil
}

// readSmall reads a file that is not larger than it can be.
func readSmall(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	data, err := io.ReadAll(io.LimitReader(file, maxSecurityFile+1))
	if err == nil && len(data) > maxSecurityFile {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxSecurityFile)
	}
	return data, err
}
