// Command berth-sandbox runs a small Kubernetes cluster with workspaces, an
// SSH gateway and a node, as processes of the account that starts it.
package main

func main() {}
