package editor

// The editors that are known, as data.

// family says how an editor is told what to open.
type family int

const (
	vscode   family = iota // a folder URI, on the command line or as an address
	zed                    // ssh://ALIAS/path
	toolbox                // an address that JetBrains Toolbox handles
	gateway                // an address that JetBrains Gateway handles
	tramp                  // Emacs: /ssh:ALIAS:/path/
	remote                 // a program in the workspace, over ssh -t
	remoteUI               // Neovim here, on one that runs in the workspace
)

// row is one editor.
type row struct {
	id, name string
	family   family
	synonyms []string
	programs []string // commands, in PATH here; a remote editor's in the workspace

	scheme    string   // of its addresses
	byAddress bool     // opened by its address alone: a command only shows that it is there
	apps      []string // macOS: application and the command inside, below an Applications folder
	windows   []string // the executable, below the folders for programs
	linux     []string // absolute paths, or below ~
	flatpak   string   // application's name
	desktop   []string // Linux: entries that say its addresses are handled
	extension string   // that it needs for ssh and does not bring along
	needs     Needs
}

const appBin = "/Contents/Resources/app/bin/"

// The servers that editors put into the workspace are built against these.
// Figures are what each is said to need with one project open.
var (
	vscodeNeeds    = Needs{MemoryMiB: 1024, DiskMiB: 1024, Forwarding: true, Glibc: "2.28"}
	zedNeeds       = Needs{MemoryMiB: 512, DiskMiB: 300, SFTP: true}
	jetbrainsNeeds = Needs{MemoryMiB: 4096, DiskMiB: 4096, Forwarding: true, SFTP: true, Glibc: "2.28"}
)

// table gives the rows in order of preference.
func table() []row {
	return []row{
		{
			id: "code", name: "VS Code", synonyms: []string{"vscode"}, programs: []string{"code"}, scheme: "vscode",
			apps:    []string{"Visual Studio Code.app" + appBin + "code"},
			windows: []string{`Microsoft VS Code\Code.exe`},
			linux:   []string{"/usr/share/code/bin/code", "/opt/visual-studio-code/bin/code", "/snap/bin/code"},
			flatpak: "com.visualstudio.code", desktop: []string{"code-url-handler.desktop"},
			extension: "ms-vscode-remote.remote-ssh", needs: vscodeNeeds,
		},
		{
			id: "cursor", name: "Cursor", programs: []string{"cursor"}, scheme: "cursor",
			apps:    []string{"Cursor.app" + appBin + "cursor"},
			windows: []string{`cursor\Cursor.exe`},
			linux:   []string{"/usr/share/cursor/bin/cursor", "/opt/cursor/bin/cursor", "~/.local/bin/cursor"},
			desktop: []string{"cursor-url-handler.desktop", "cursor.desktop"}, needs: vscodeNeeds,
		},
		{
			id: "windsurf", name: "Windsurf", programs: []string{"windsurf"}, scheme: "windsurf",
			apps:    []string{"Windsurf.app" + appBin + "windsurf"},
			windows: []string{`Windsurf\Windsurf.exe`},
			linux:   []string{"/usr/share/windsurf/bin/windsurf", "/opt/windsurf/bin/windsurf"},
			desktop: []string{"windsurf-url-handler.desktop"}, needs: vscodeNeeds,
		},
		{
			id: "codium", name: "VSCodium", synonyms: []string{"vscodium"}, programs: []string{"codium"}, scheme: "vscodium",
			apps:    []string{"VSCodium.app" + appBin + "codium"},
			windows: []string{`VSCodium\VSCodium.exe`},
			linux:   []string{"/usr/share/codium/bin/codium", "/snap/bin/codium"},
			flatpak: "com.vscodium.codium", desktop: []string{"codium-url-handler.desktop"},
			extension: "jeanp413.open-remote-ssh", needs: vscodeNeeds,
		},
		{
			id: "code-insiders", name: "VS Code Insiders", synonyms: []string{"insiders"}, programs: []string{"code-insiders"},
			scheme:  "vscode-insiders",
			apps:    []string{"Visual Studio Code - Insiders.app" + appBin + "code"},
			windows: []string{`Microsoft VS Code Insiders\Code - Insiders.exe`},
			linux:   []string{"/usr/share/code-insiders/bin/code-insiders", "/snap/bin/code-insiders"},
			flatpak: "com.visualstudio.code.insiders", desktop: []string{"code-insiders-url-handler.desktop"},
			extension: "ms-vscode-remote.remote-ssh", needs: vscodeNeeds,
		},
		{
			id: "zed", name: "Zed", family: zed, programs: []string{"zed", "zeditor"}, scheme: "zed",
			apps:    []string{"Zed.app/Contents/MacOS/cli"},
			windows: []string{`Zed\bin\zed.exe`},
			linux:   []string{"~/.local/bin/zed", "/usr/lib/zed/zed-editor"},
			flatpak: "dev.zed.Zed", desktop: []string{"dev.zed.Zed.desktop"}, needs: zedNeeds,
		},
		{
			id: "jetbrains", name: "JetBrains Toolbox", family: toolbox, synonyms: []string{"toolbox"}, programs: []string{"jetbrains-toolbox"},
			scheme: "jetbrains", byAddress: true,
			apps:    []string{"JetBrains Toolbox.app/Contents/MacOS/jetbrains-toolbox"},
			windows: []string{`JetBrains\Toolbox\bin\jetbrains-toolbox.exe`},
			linux:   []string{"~/.local/share/JetBrains/Toolbox/bin/jetbrains-toolbox", "/opt/jetbrains-toolbox/jetbrains-toolbox"},
			desktop: []string{"jetbrains-toolbox.desktop"}, needs: jetbrainsNeeds,
		},
		{
			id: "gateway", name: "JetBrains Gateway", family: gateway, synonyms: []string{"jetbrains-gateway"}, programs: []string{"gateway"},
			scheme: "jetbrains-gateway", byAddress: true,
			apps:    []string{"JetBrains Gateway.app/Contents/MacOS/gateway"},
			windows: []string{`JetBrains Gateway\bin\gateway64.exe`, `Gateway\bin\gateway64.exe`},
			linux:   []string{"~/.local/share/JetBrains/Toolbox/scripts/gateway", "~/.local/share/JetBrains/Toolbox/apps/gateway/bin/gateway.sh"},
			desktop: []string{"jetbrains-gateway.desktop"}, needs: jetbrainsNeeds,
		},
		{
			id: "emacs", name: "Emacs", family: tramp, programs: []string{"emacsclient", "emacs"},
			apps:    []string{"Emacs.app/Contents/MacOS/bin/emacsclient"},
			windows: []string{`Emacs\bin\emacsclientw.exe`},
			linux:   []string{"/snap/bin/emacsclient"},
			flatpak: "org.gnu.emacs",
		},
		{id: "nvim", name: "Neovim", family: remote, synonyms: []string{"neovim"}, programs: []string{"nvim"}, needs: Needs{Command: "nvim"}},
		{id: "vim", name: "Vim", family: remote, programs: []string{"vim"}, needs: Needs{Command: "vim"}},
		{id: "hx", name: "Helix", family: remote, synonyms: []string{"helix"}, programs: []string{"hx"}, needs: Needs{Command: "hx"}},
		{
			id: "nvim-ui", name: "Neovim with its screen here", family: remoteUI, programs: []string{"nvim"},
			needs: Needs{Command: "nvim", Release: remoteUIRelease, Forwarding: true},
		},
	}
}

// terminal reports whether the editor wants the caller's terminal.
func (r row) terminal() bool { return r.family == remote || r.family == remoteUI }
