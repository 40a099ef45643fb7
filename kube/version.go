package kube

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/berth-sh/berth/workspace"
)

// Version asks for the API server's version. The library's own question knows
// no context; this one ends with it.
func (c *Client) Version(ctx context.Context) (string, error) {
	data, err := c.clientset.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return "", c.explain(err)
	}
	var version struct {
		GitVersion string `json:"gitVersion"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return "", workspace.WithHint(fmt.Errorf("what answers at %s is no API server", hostOf(c.config.Host)), "check the kubeconfig's server; something in between may answer in its place")
	}
	return workspace.Safe(version.GitVersion), nil
}
