//go:build linux && realnode

package realnode_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// node is the one node that all tests of the package share.
var node struct {
	bin        string // the programs that are tested
	dir        string // the node's own folder
	kubeconfig string
	client     kubernetes.Interface
}

// TestMain finds the node that scripts/test has started: berth-node runs
// beside a sandbox, with the images of package image imported.
func TestMain(m *testing.M) {
	if err := find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func find() error {
	node.bin, node.dir = os.Getenv("BERTH_BIN"), os.Getenv("BERTH_TEST_NODE")
	node.kubeconfig = filepath.Join(os.Getenv("BERTH_TEST_NODE_STATE"), "kubeconfig")
	if node.bin == "" || node.dir == "" || os.Getenv("BERTH_TEST_NODE_STATE") == "" {
		return fmt.Errorf("these tests want BERTH_BIN, BERTH_TEST_NODE and BERTH_TEST_NODE_STATE: scripts/test realnode sets them")
	}
	rest, err := clientcmd.BuildConfigFromFlags("", node.kubeconfig)
	if err != nil {
		return err
	}
	rest.QPS = -1
	node.client, err = kubernetes.NewForConfig(rest)
	return err
}

// folder is the folder of a claim's volume, as this machine sees it.
func (b *bed) folder(name string) string {
	b.t.Helper()
	claim, err := b.api.CoreV1().PersistentVolumeClaims(b.namespace).Get(context.Background(), name+"-home", metav1.GetOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	return filepath.Join(node.dir, "volumes", string(claim.UID))
}
