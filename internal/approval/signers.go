package approval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Signers are those who may sign rules. At least one of the files is named.
type Signers struct {
	Allowed string // for SSH signatures: ALLOWED SIGNERS of ssh-keygen(1)
	Keyring string // for OpenPGP signatures: a keyring that gpgv(1) reads
}

// None says that nobody is named.
func (s Signers) None() bool { return s.Allowed == "" && s.Keyring == "" }

// Check says what is wrong with the files.
func (s Signers) Check() error {
	for _, file := range []string{s.Allowed, s.Keyring} {
		if file == "" {
			continue
		}
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("who may sign rules: %w", err)
		}
		f.Close()
	}
	return nil
}

// askWithin bounds a verification, which reads two small files.
const askWithin = 20 * time.Second

// verify returns who has signed.
func (s Signers) verify(ctx context.Context, o signedObject, at time.Time) (signer string, err error) {
	dir, err := os.MkdirTemp("", "probity-signature-*")
	if err != nil {
		return "", fmt.Errorf("verifying a signature: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	sig := filepath.Join(dir, "signature")
	if err := os.WriteFile(sig, o.signature, 0o600); err != nil {
		return "", fmt.Errorf("verifying a signature: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	if bytes.HasPrefix(o.signature, []byte(armours[0])) {
		return s.ssh(ctx, sig, o.payload, at)
	}
	return s.openpgp(ctx, dir, sig, o.payload)
}

// ssh asks for each name that the list has for the key, as git does, whether it may sign, at the time of the signature.
func (s Signers) ssh(ctx context.Context, sig string, payload []byte, at time.Time) (string, error) {
	if s.Allowed == "" {
		return "", fmt.Errorf("%w: it bears an SSH signature, and no list of allowed signers is named", ErrUnsigned)
	}
	valid := "-Overify-time=" + at.Format("20060102150405")
	names, why, err := ask(ctx, nil, "ssh-keygen", "-Y", "find-principals", "-f", s.Allowed, "-s", sig, valid)
	if err != nil {
		return "", unverified(why, err)
	}
	for name := range strings.Lines(names) {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if _, why, err = ask(ctx, payload, "ssh-keygen", "-Y", "verify", "-f", s.Allowed, "-I", name, "-n", "git", "-s", sig, valid); err == nil {
			return name, nil
		}
	}
	return "", unverified(why, err)
}

// openpgp accepts a signature that is good and whose key has neither expired nor been revoked.
func (s Signers) openpgp(ctx context.Context, home, sig string, payload []byte) (string, error) {
	if s.Keyring == "" {
		return "", fmt.Errorf("%w: it bears an OpenPGP signature, and no keyring is named", ErrUnsigned)
	}
	status, why, err := ask(ctx, payload, "gpgv", "--homedir", home, "--status-fd", "1", "--keyring", s.Keyring, sig, "-")
	if err != nil {
		return "", unverified(why, err)
	}
	good, fingerprint := false, ""
	for line := range strings.Lines(status) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "[GNUPG:]" {
			continue
		}
		switch words[1] {
		case "GOODSIG":
			good = true
		case "VALIDSIG":
			fingerprint = words[len(words)-1] // of the primary key
		}
	}
	if !good || fingerprint == "" {
		return "", fmt.Errorf("%w: the key of the signature has expired or was revoked", ErrUnsigned)
	}
	return fingerprint, nil
}

// unverified says why there is no signer: because the program found none, or because it could not look.
func unverified(why string, err error) error {
	var refused *exec.ExitError
	if err != nil && (!errors.As(err, &refused) || !refused.Exited()) {
		return fmt.Errorf("verifying a signature: %w; install openssh-client, for OpenPGP gpgv", err)
	}
	return fmt.Errorf("%w by anybody who may: %s", ErrUnsigned, strings.TrimSpace(why))
}

// ask runs a program that has no configuration of its own and reads its input to the end.
func ask(ctx context.Context, input []byte, name string, args ...string) (out, why string, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	cmd.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return stdout.String(), stderr.String(), err
}
