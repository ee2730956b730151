// Package nearest finds what somebody probably meant: the known word that
// differs least from a mistyped one.
package nearest

// Word returns the word of known that is closest to typed, and false when none
// is close enough to be worth suggesting: more than a third of the letters
// differ, or more than three. Equal distances go to the earlier word.
func Word(typed string, known []string) (string, bool) {
	best, least := "", 1<<30
	for _, w := range known {
		if d := Distance(typed, w); d < least {
			best, least = w, d
		}
	}
	bound := min(3, (len(typed)+2)/3)
	return best, best != "" && least <= bound
}

// Distance counts the letters to insert, delete, change or swap with their
// neighbour to turn a into b (optimal string alignment).
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, prev, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return prev[len(y)]
}
