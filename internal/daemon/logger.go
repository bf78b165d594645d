package daemon

import (
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// ParseLogLevel reads debug, info, warn or error; "" is info.
func ParseLogLevel(text string) (zapcore.Level, error) {
	switch text {
	case "debug", "warn", "error":
		return zapcore.ParseLevel(text)
	case "info", "":
		return zapcore.InfoLevel, nil
	}
	return zapcore.InfoLevel, fmt.Errorf("log level %q; write debug, info, warn or error", text)
}

// NewLogger returns the daemon's logger: one line an entry, UTC.
func (l Log) NewLogger(to io.Writer) (*zap.Logger, error) {
	level, err := ParseLogLevel(l.Level)
	if err != nil {
		return nil, err
	}
	keys := zap.NewProductionEncoderConfig()
	keys.TimeKey, keys.MessageKey = "time", "message"
	keys.EncodeTime = func(t time.Time, enc zapcore.PrimitiveArrayEncoder) {
		enc.AppendString(t.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	keys.EncodeDuration = zapcore.StringDurationEncoder
	var encoder zapcore.Encoder
	switch l.Format {
	case "", "json":
		encoder = zapcore.NewJSONEncoder(keys)
	case "console":
		encoder = zapcore.NewConsoleEncoder(keys)
	default:
		return nil, fmt.Errorf("log format %q; write json or console", l.Format)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(to)), level)), nil
}
