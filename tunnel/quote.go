package tunnel

import "strings"

// Join makes one command line of a command's words as ssh does: with a blank
// between them and nothing quoted, so that the remote shell reads them again.
// `berth ssh NAME -- CMD...` uses it, because everyone's habits (`-- 'ls | wc'`)
// count on it.
func Join(argv []string) string { return strings.Join(argv, " ") }

// Quote makes one command line that the remote shell reads as exactly these
// words. The quotes are those of POSIX shells, which fish reads alike.
func Quote(argv []string) string {
	quoted := make([]string, len(argv))
	for i, word := range argv {
		quoted[i] = quoteWord(word)
	}
	return strings.Join(quoted, " ")
}

// quoteWord quotes a word unless it is plain. A quote or a backslash is put
// outside of the quotes, where all shells agree about it.
func quoteWord(word string) string {
	plain := word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,+@%", r)
	})
	if plain {
		return word
	}
	return "'" + strings.NewReplacer(`'`, `'\''`, `\`, `'\\'`).Replace(word) + "'"
}
