package approval

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestAnOpenPGPSignatureIsHeldAgainstTheKeyring(t *testing.T) {
	r := newRig(t, "sha1")
	home := filepath.Join(r.home, "gnupg")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GNUPGHOME", home)
	t.Cleanup(func() { r.command("", "gpgconf", "--homedir", home, "--kill", "all") })
	r.stamp = 1_700_000_000
	r.command("", "gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "signer@force.example", "ed25519", "sign", "never")
	r.git(r.work, "add", "-A")
	r.git(r.work, "-c", "gpg.format=openpgp", "-c", "user.signingkey=signer@force.example", "commit", "--quiet", "-S", "-m", "a change")
	r.git(r.work, "push", "--quiet", "origin", "HEAD:main")
	keyring := filepath.Join(r.home, "keyring.gpg")
	r.command("", "gpg", "--batch", "--quiet", "--output", keyring, "--export")

	o := r.options("main")
	if _, err := Fetch(t.Context(), o); !errors.Is(err, ErrUnsigned) {
		t.Errorf("without a keyring: %v, want ErrUnsigned", err)
	}
	o.Signers = Signers{Keyring: keyring}
	f, err := Fetch(t.Context(), o)
	if err != nil || len(f.Signer) != 40 {
		t.Fatalf("fetched %+v, %v; want the fingerprint of the key", f, err)
	}
	empty := filepath.Join(r.home, "empty.gpg")
	r.file(empty, "")
	o.Signers.Keyring = empty
	if _, err := Fetch(t.Context(), o); !errors.Is(err, ErrUnsigned) {
		t.Errorf("with a keyring that lacks the key: %v, want ErrUnsigned", err)
	}
}

func TestWithoutTheProgramThatVerifiesNothingIsSaid(t *testing.T) {
	r := newRig(t, "sha1")
	r.commit("signer")
	f, err := r.fetch("main")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(f.Dir, "rules", "a.yaml")
	t.Setenv("PATH", t.TempDir())
	v, err := Judge(t.Context(), Signers{Allowed: r.allowed}, []string{filepath.Dir(file)}, []File{{Name: file}})
	if err == nil || v.Status != "" {
		t.Errorf("verdict %+v, %v; want an error: that a program is missing is nobody's change of rules", v, err)
	}
}

func FuzzObjects(f *testing.F) {
	f.Add([]byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ngpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\n\nx\n"))
	f.Add([]byte("object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype commit\ntag v1\n\nx\n-----BEGIN SSH SIGNATURE-----\nAAAA\n"))
	f.Add([]byte("100644 a.yaml\x0012345678901234567890"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if tag := readTag(raw); len(tag.payload)+len(tag.signature) != len(raw) {
			t.Errorf("a tag of %d bytes falls into %d and %d", len(raw), len(tag.payload), len(tag.signature))
		}
		if c := readCommit(raw); len(c.payload)+len(c.signature) > len(raw) {
			t.Errorf("a commit of %d bytes makes %d and %d", len(raw), len(c.payload), len(c.signature))
		}
		entries, err := readTree(raw, 20)
		for _, e := range entries {
			if err == nil && filepath.Base(e.name) != e.name {
				t.Errorf("a name %q leads elsewhere", e.name)
			}
		}
	})
}
