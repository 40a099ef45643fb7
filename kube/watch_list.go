package kube

// Lists are read as they arrive: an object is decoded, taken down to what the
// fold reads, and gone before the next one. client-go decodes a list as a whole,
// which is hundreds of megabytes for ten thousand workspaces, and as a stream of
// events it costs the server and this program twice the work.
//
// The form is that of the API server's protobuf: four bytes of magic, then a
// message runtime.Unknown, whose second field is the list; its first field is
// metadata, and its second one is repeated, an item each. See
// k8s.io/apimachinery/pkg/runtime/generated.proto.

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// message is an object that its generated code decodes.
type message interface {
	runtime.Object
	metav1.Object
	Unmarshal([]byte) error
}

// seenList is a list of which only the objects' remains are kept.
type seenList struct {
	metav1.ListMeta
	Items []*seen
}

// GetObjectKind implements runtime.Object: it has none.
func (l *seenList) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject implements runtime.Object. Nothing changes what was seen.
func (l *seenList) DeepCopyObject() runtime.Object {
	twin := *l
	return &twin
}

var (
	protobufMagic = []byte{'k', '8', 's', 0}
	errNoProtobuf = errors.New("the API server does not speak protobuf")
	errListBroken = errors.New("the API server's list cannot be read")
)

// mostItem bounds one object of a list: etcd takes a tenth of it.
const mostItem = 16 << 20

// readList asks for a list and takes its objects down as they come.
func (s *source) readList(ctx context.Context, request *rest.Request, o metav1.ListOptions, fresh func() message) (*seenList, error) {
	body, err := request.VersionedParams(&o, scheme.ParameterCodec).Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }() // all of it has been read, or is not wanted
	list := &seenList{}
	d := listDecoder{in: bufio.NewReaderSize(body, 64<<10)}
	err = d.list(&list.ListMeta, func(data []byte) error {
		object := fresh()
		if err := object.Unmarshal(data); err != nil {
			return fmt.Errorf("%w: %w", errListBroken, err)
		}
		o, err := s.take(object)
		if err == nil {
			list.Items = append(list.Items, &o)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// listDecoder reads a list from a stream.
type listDecoder struct {
	in  *bufio.Reader
	buf []byte // of the item at hand
}

func (d *listDecoder) list(listMeta *metav1.ListMeta, item func([]byte) error) error {
	magic, err := d.in.Peek(len(protobufMagic))
	if err != nil {
		return cutShort(err)
	}
	if !bytes.Equal(magic, protobufMagic) {
		return errNoProtobuf
	}
	_, _ = d.in.Discard(len(protobufMagic)) // it was peeked
	const raw = 2
	whole := false // an answer that ends before the list must not pass for an empty one
	err = d.message(-1, func(field protowire.Number, length int64) error {
		if field != raw {
			return d.skip(length)
		}
		whole = true
		return d.message(length, func(field protowire.Number, length int64) error {
			switch field {
			case 1:
				return d.value(length, listMeta.Unmarshal)
			case 2:
				return d.value(length, item)
			}
			return d.skip(length)
		})
	})
	if err == nil && !whole {
		return io.ErrUnexpectedEOF
	}
	return err
}

// message reads a message of length bytes, or one that ends with the stream
// where that is negative. each must read the value of a field with its length.
func (d *listDecoder) message(length int64, each func(field protowire.Number, length int64) error) error {
	for length != 0 {
		tag, n, err := d.varint()
		if length < 0 && n == 0 && errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return cutShort(err)
		}
		field, kind := protowire.DecodeTag(tag)
		size, m, err := d.varint()
		if err != nil {
			return cutShort(err)
		}
		if kind != protowire.BytesType || size > 1<<40 || length > 0 && int64(n+m)+int64(size) > length {
			return errListBroken
		}
		if err := each(field, int64(size)); err != nil {
			return err
		}
		if length > 0 {
			length -= int64(n+m) + int64(size)
		}
	}
	return nil
}

// varint returns a number and how many bytes it took.
func (d *listDecoder) varint() (value uint64, n int, err error) {
	value, err = binary.ReadUvarint(counting{d.in, &n})
	return value, n, err
}

type counting struct {
	in *bufio.Reader
	n  *int
}

// ReadByte implements io.ByteReader.
func (c counting) ReadByte() (byte, error) {
	b, err := c.in.ReadByte()
	if err == nil {
		*c.n++
	}
	return b, err
}

// value reads a value and has it decoded. The bytes are not kept.
func (d *listDecoder) value(length int64, decode func([]byte) error) error {
	if length > mostItem {
		return errListBroken
	}
	if int64(cap(d.buf)) < length {
		d.buf = make([]byte, length)
	}
	d.buf = d.buf[:length]
	if _, err := io.ReadFull(d.in, d.buf); err != nil {
		return cutShort(err)
	}
	return decode(d.buf)
}

func (d *listDecoder) skip(length int64) error {
	if length > mostItem {
		return errListBroken
	}
	_, err := d.in.Discard(int(length))
	return cutShort(err)
}

// cutShort tells an end in the middle of a list from one of a connection.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
