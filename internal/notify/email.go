package notify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"probity/internal/alert"
	"probity/internal/neutral"
	"probity/internal/page"
)

const maxSubject = 200 // runes

// email sends each revision as a mail, and those of a digest together in one.
type email struct {
	name, from     string
	to             map[string]string // role → address
	host           string
	port           int
	user, password string
	implicit       bool // TLS from the first byte
	plain          bool // no TLS, on this machine
	secure         *tls.Config
	timeout        time.Duration
	connect        connector
	letter         page.Letter
	mail           *page.Mail
	digest
	beside beside

	most int // revisions that the next digest may hold; 0: any number. See digestOf
}

// Name implements Sink.
func (e *email) Name() string { return e.name }

// Deliver sends one mail: about the first revision of the batch, or, if that one may wait, about all up to the first that may not.
func (e *email) Deliver(ctx context.Context, mark int64, batch []alert.Delivery) (int, int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, mark, err
	}
	together := 0
	for _, urgent := range e.urgent(batch) {
		if urgent {
			break
		}
		together++
	}
	if together == 0 {
		return e.one(ctx, mark, batch[0])
	}
	return e.digestOf(ctx, mark, batch[:together])
}

func (e *email) one(ctx context.Context, mark int64, d alert.Delivery) (int, int64, error) {
	a, err := alertOf(d)
	if err != nil {
		return 0, mark, err
	}
	items, err := e.items([]alert.Delivery{d}, []*alert.Alert{a})
	if err != nil {
		return 0, mark, err
	}
	m, err := e.mail.Notice(e.letter.Notice(items[0]))
	if err != nil {
		return 0, mark, failure(Stuck, "the mail template does not fit this alert: %w", templateError(err))
	}
	msg, err := e.message(m, e.id(d.AlertID, d.Revision))
	if err != nil {
		return 0, mark, err
	}
	msg.SetGenHeader(revisionHeader, d.Key())
	if d.Revision > 1 { // one thread an alert: its first mail, then the one before
		before := e.id(d.AlertID, d.Revision-1)
		msg.SetGenHeader(gomail.HeaderInReplyTo, "<"+before+">")
		msg.SetGenHeader(gomail.HeaderReferences, strings.Join(slices.Compact([]string{"<" + e.id(d.AlertID, 1) + ">", "<" + before + ">"}), " "))
	}
	if a.Rule.Severity == alert.Critical {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	if err := e.send(ctx, msg); err != nil {
		return 0, mark, err
	}
	return 1, mark, nil
}

// digestOf sends one mail about the batch. If the server refuses it for what it holds or how long it is, half of it is tried
// next, and so on down to the one that is refused.
func (e *email) digestOf(ctx context.Context, mark int64, batch []alert.Delivery) (int, int64, error) {
	if e.most > 0 {
		batch = batch[:min(e.most, len(batch))]
	}
	var alerts []*alert.Alert
	highest, all := "", sha256.New()
	for i, d := range batch {
		a, err := alertOf(d)
		if err != nil && i == 0 {
			return 0, mark, err
		}
		if err != nil { // it is refused when its turn comes
			batch = batch[:i]
			break
		}
		if i == 0 || page.Rank(a.Marking) > page.Rank(highest) {
			highest = a.Marking
		}
		alerts = append(alerts, a)
		fmt.Fprintln(all, d.Key())
	}
	items, err := e.items(batch, alerts)
	if err != nil {
		return 0, mark, err
	}
	m, err := e.mail.Digest(e.letter.Digest(items, highest))
	if err != nil {
		return 0, mark, failure(Stuck, "the template of the digest does not fit: %w", templateError(err))
	}
	msg, err := e.message(m, "digest."+hex.EncodeToString(all.Sum(nil)[:16])+"@"+e.domain())
	if err != nil {
		return 0, mark, err
	}
	var keys []string
	for _, d := range batch {
		keys = append(keys, d.Key())
	}
	msg.SetGenHeader(revisionHeader, strings.Join(keys, " "))
	err = e.send(ctx, msg)
	if f, ok := err.(*Failure); ok && f.Extent == Refused && len(batch) > 1 {
		e.most = (len(batch) + 1) / 2
		return e.digestOf(ctx, mark, batch)
	}
	if err != nil {
		return 0, mark, err
	}
	e.most = 0
	return len(batch), mark, nil
}

func (e *email) inform(b beside) { e.beside = b }

// items are the revisions of deliveries, with whose budget they are beyond.
func (e *email) items(batch []alert.Delivery, alerts []*alert.Alert) ([]page.Item, error) {
	cases, err := e.beside.Cases(idsOf(batch))
	if err != nil {
		return nil, fmt.Errorf("asking whose budget it is beyond: %w", err)
	}
	items := make([]page.Item, len(batch))
	for i, d := range batch {
		items[i] = page.Item{Alert: alerts[i], Body: d.Body, Folded: d.Folded, Over: cases[d.AlertID].Over, Reopened: d.Reopened}
	}
	return items, nil
}

// revisionHeader holds the keys of what a mail tells, so that a mailbox's rules and an auditor can find a repeat.
const revisionHeader gomail.Header = "X-Probity-Revision"

// id is the Message-ID of a revision's mail, the same at every attempt: what comes twice, most mailboxes show once.
func (e *email) id(alertID string, revision int) string {
	return fmt.Sprintf("%s.%d@%s", alertID, revision, e.domain())
}

func (e *email) domain() string { return e.from[strings.LastIndexByte(e.from, '@')+1:] }

// message makes a mail of what is written.
func (e *email) message(m page.Message, id string) (*gomail.Msg, error) {
	boundary := sha256.Sum256([]byte(id))
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary(hex.EncodeToString(boundary[:16])))
	if err := msg.FromFormat("Probity", e.from); err != nil {
		return nil, failure(Down, "the sender's address is not accepted")
	}
	for _, role := range slices.Sorted(maps.Keys(e.to)) {
		if err := msg.AddToFormat(role, e.to[role]); err != nil {
			return nil, failure(Down, "the address of role %s is not accepted", role)
		}
	}
	msg.Subject(neutral.Header(m.Subject, maxSubject))
	msg.SetMessageIDWithValue(id)
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")  // the same for Exchange
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}
