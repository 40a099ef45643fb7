package cli

import "strings"

// joinWords lists words for a sentence.
func joinWords(words []string) string { return strings.Join(words, ", ") }
