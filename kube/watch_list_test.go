package kube

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// encoded is a list as the API server sends it.
func encoded(t testing.TB, n int) []byte {
	t.Helper()
	list := &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "42", Continue: "more"}}
	for i := range n {
		list.Items = append(list.Items, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: fmt.Sprint("api-", i)}})
	}
	var out bytes.Buffer
	if err := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme).Encode(list, &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// decode returns the names in a list.
func decode(data []byte) (names []string, listMeta metav1.ListMeta, err error) {
	d := listDecoder{in: bufio.NewReader(bytes.NewReader(data))}
	err = d.list(&listMeta, func(data []byte) error {
		var pod corev1.Pod
		if err := pod.Unmarshal(data); err != nil {
			return err
		}
		names = append(names, pod.Name)
		return nil
	})
	return names, listMeta, err
}

func TestListsAreReadItemByItem(t *testing.T) {
	for _, n := range []int{0, 1, 3, 1000} {
		names, listMeta, err := decode(encoded(t, n))
		if err != nil || listMeta.ResourceVersion != "42" || listMeta.Continue != "more" {
			t.Fatalf("%d items: %+v, %v", n, listMeta, err)
		}
		var want []string
		for i := range n {
			want = append(want, fmt.Sprint("api-", i))
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("%d items (-want +got):\n%s", n, diff)
		}
	}
}

// A list that is cut anywhere is an error, never a shorter list.
func TestAListCutShortIsNoList(t *testing.T) {
	whole := encoded(t, 3)
	all, _, err := decode(whole)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		names, _, err := decode(whole[:n])
		if err == nil && len(names) < len(all) {
			t.Errorf("%d of %d bytes are a list of %d", n, len(whole), len(names))
		}
		if n > len(protobufMagic) && err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errListBroken) {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	if _, _, err := decode([]byte(`{"kind":"PodList"}`)); !errors.Is(err, errNoProtobuf) {
		t.Errorf("JSON: %v", err)
	}
}

// Whatever a server sends, reading it ends with a list or an error.
func FuzzListDecoder(f *testing.F) {
	f.Add(encoded(f, 2))
	f.Add(append(bytes.Clone(protobufMagic), 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _, _ = decode(data)
	})
}
