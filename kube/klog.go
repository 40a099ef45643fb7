package kube

import (
	"flag"
	"io"

	"k8s.io/klog/v2"
)

// LogTo sends what client-go logs to w, io.Discard by default, and never to
// standard error, where it would run across the screen. It changes the whole
// process, so main calls it once, before any client exists.
func LogTo(w io.Writer) error {
	if w == nil {
		w = io.Discard
	}
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	klog.InitFlags(flags)
	for name, value := range map[string]string{"logtostderr": "false", "alsologtostderr": "false", "stderrthreshold": "FATAL"} {
		if err := flags.Set(name, value); err != nil {
			return err
		}
	}
	klog.SetOutput(w)
	return nil
}
