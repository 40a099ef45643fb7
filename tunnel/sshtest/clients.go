package sshtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Client is what a program that brings its own ssh needs: none of them reads
// the whole of an ssh config, and each runs the ProxyCommand in its own way.
type Client struct {
	Proxy   string // the ProxyCommand line
	User    string
	HostKey string // "ssh-ed25519 AAAA…"
	KeyFile string
	Env     []string
}

// nodeClient connects with ssh2, as several editors do: the command is split
// into words and run without a shell, and its pipes are the socket.
const nodeClient = `
const { Client } = require(process.env.SSH2);
const { spawn } = require('child_process');
const { Duplex } = require('stream');
const fs = require('fs');
const words = process.env.PROXY.match(/"[^"]*"|\S+/g).map(w => w.replace(/^"|"$/g, ''));
const proxy = spawn(words[0], words.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
const socket = Duplex.from({ readable: proxy.stdout, writable: proxy.stdin });
const fail = e => { console.error(String(e)); proxy.kill(); process.exit(1); };
const client = new Client();
client.on('error', fail).on('ready', () => {
  client.exec('cat; exit 7', (e, stream) => {
    if (e) fail(e);
    let said = '';
    stream.on('data', d => said += d).on('close', code => {
      client.sftp((e, sftp) => {
        if (e) fail(e);
        sftp.stat('.', e => {
          if (e) fail(e);
          console.log('said ' + said.length + ' code ' + code + ' sftp ok');
          client.end(); proxy.kill(); process.exit(0);
        });
      });
    });
    stream.end('x'.repeat(500000));
  });
});
client.connect({
  sock: socket, username: process.env.LOGIN, privateKey: fs.readFileSync(process.env.KEY),
  hostVerifier: key => key.toString('base64') === process.env.HOSTKEY.split(' ')[1],
});
`

// pythonClient connects with paramiko, by its own reading of the line.
const pythonClient = `
import base64, os, paramiko, sys
proxy = paramiko.ProxyCommand(os.environ["PROXY"])
transport = paramiko.Transport(proxy)
transport.connect(username=os.environ["LOGIN"],
    hostkey=paramiko.Ed25519Key(data=base64.b64decode(os.environ["HOSTKEY"].split()[1])),
    pkey=paramiko.Ed25519Key.from_private_key_file(os.environ["KEY"]))
channel = transport.open_session()
channel.exec_command("cat; exit 7")
channel.sendall(b"x" * 500000)
channel.shutdown_write()
said = b""
while True:
    data = channel.recv(65536)
    if not data:
        break
    said += data
code = channel.recv_exit_status()
paramiko.SFTPClient.from_transport(transport).stat(".")
print("said %d code %d sftp ok" % (len(said), code))
transport.close()
`

// OtherClients connects with Node's ssh2 and Python's paramiko, moves half a
// megabyte each way, and asks for sftp. Both are installed by scripts/setup; a
// missing one fails the test.
func OtherClients(t *testing.T, c Client) {
	t.Helper()
	module := ssh2(t)
	for name, argv := range map[string][]string{
		"ssh2":     {"node", "-e", nodeClient},
		"paramiko": {"/usr/bin/python3", "-c", pythonClient},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), editorPatience)
			defer cancel()
			cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
			cmd.Env = append(append([]string{}, c.Env...), "PROXY="+c.Proxy, "LOGIN="+c.User, "HOSTKEY="+c.HostKey, "KEY="+c.KeyFile, "SSH2="+module)
			cmd.WaitDelay = 5 * time.Second
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "said 500000 code 7 sftp ok") {
				t.Errorf("%s: %v: %s", name, err, out)
			}
		})
	}
}

// ssh2 finds the module in the folder out of the repository.
func ssh2(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		module := filepath.Join(dir, "out", "clients", "node_modules", "ssh2")
		if _, err := os.Stat(module); err == nil {
			return module
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Fatal("node's ssh2 is missing: scripts/setup")
	}
}
