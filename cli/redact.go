package cli

// Taking secrets out of a text that leaves this machine.
//
// What is known to be secret here (of the kubeconfig, the settings and the
// environment) is replaced wherever it stands, whole or line by line. What
// looks like a secret is replaced as well, since a log may hold somebody
// else's: keys, tokens, passwords in addresses, values behind telling names.

import (
	"regexp"
	"slices"
	"strings"
)

const (
	redacted = "[redacted]"
	// shortSecret is what a value has at least to be searched for, in bytes:
	// shorter ones would take the text apart. They are found by their names.
	shortSecret = 5
)

var (
	secretBlock = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)`)
	secretJWT   = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?`)
	secretBasic = regexp.MustCompile(`(?i)\b(bearer|basic|negotiate)\s+[A-Za-z0-9+/=_.~-]{6,}`)
	secretUser  = regexp.MustCompile(`(\b[a-z][a-z0-9+.-]*://)[^/\s"'@]*@`)
	secretNamed = regexp.MustCompile(`(?i)((?:[a-z0-9_.-]*(?:token|secret|passw(?:or)?d|passphrase|credential|api[_-]?key|private[_-]?key|client-key-data|client-certificate-data|authorization)[a-z0-9_.-]*)["']?\s*[:=]\s*)("[^"\n]*"|'[^'\n]*'|[^\s,;}\]]+)`)
	secretName  = regexp.MustCompile(`(?i)(token|secret|passw|passphrase|credential|api_?key|private_?key|auth)`)
)

// redactor takes secrets out of texts.
type redactor struct {
	known []string // longest first
	home  string
}

// newRedactor knows some secrets. home is shortened to ~, which says less about
// whose machine it is.
func newRedactor(home string, secrets ...string) redactor {
	r := redactor{home: home}
	for _, secret := range secrets {
		for _, part := range append(strings.Split(secret, "\n"), secret) {
			if part = strings.TrimSpace(part); len(part) >= shortSecret && !strings.HasPrefix(part, "-----") && !slices.Contains(r.known, part) {
				r.known = append(r.known, part)
			}
		}
	}
	slices.SortFunc(r.known, func(a, b string) int { return len(b) - len(a) })
	return r
}

// text returns s without secrets.
func (r redactor) text(s string) string {
	for _, secret := range r.known {
		s = strings.ReplaceAll(s, secret, redacted)
	}
	s = secretBlock.ReplaceAllString(s, redacted)
	s = secretJWT.ReplaceAllString(s, redacted)
	s = secretBasic.ReplaceAllString(s, "$1 "+redacted)
	s = secretUser.ReplaceAllString(s, "${1}"+redacted+"@")
	s = secretNamed.ReplaceAllString(s, "${1}"+redacted)
	if r.home != "" && r.home != "/" {
		s = strings.ReplaceAll(s, r.home, "~")
	}
	return s
}

// secretVariables are the values of environment variables with telling names.
func secretVariables(environ []string) []string {
	var values []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if secretName.MatchString(name) && !strings.HasSuffix(name, "_SOCK") && value != "" {
			values = append(values, value)
		}
	}
	return values
}
