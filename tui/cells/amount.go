package cells

import "strconv"

// Cores writes thousandths of a core: 0.4, 12.
func Cores(milli int64) string {
	if milli >= 10_000 {
		return strconv.FormatInt(milli/1000, 10)
	}
	return strconv.FormatFloat(float64(milli)/1000, 'f', 1, 64)
}

// Size writes bytes with one decimal in the unit that fits: 1.2 Gi, 340 Mi.
func Size(bytes int64) string {
	units := []string{"Ki", "Mi", "Gi", "Ti", "Pi"}
	value, unit := float64(bytes)/1024, 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	digits := 0
	if unit >= 2 && value < 100 {
		digits = 1
	}
	return strconv.FormatFloat(value, 'f', digits, 64) + " " + units[unit]
}
