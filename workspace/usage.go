package workspace

import "time"

// Usage is what the pod of a workspace uses at one moment, as the cluster's
// metrics tell it. It lives outside the Snapshot: it changes all the time, and
// no status depends on it.
type Usage struct {
	At       time.Time
	MilliCPU int64 // thousandths of a core
	Memory   int64 // bytes
}

// HomeUsage is how full a home is. It is known only of a workspace with an open
// shell: nothing else may look.
type HomeUsage struct {
	Used, Size int64 // bytes; Size 0 is unknown
}
