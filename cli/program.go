package cli

import (
	"context"
	"errors"
)

func runProgram(ctx context.Context, a *app) error { return errors.New("not yet") }
