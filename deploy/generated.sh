#!/bin/sh
# Says whether generated files are what their generators write today. What is
# stale is left fresh, so that committing it is all there is to do.
set -eu

files=$(grep -rlE '^(//|#|<!--) Code generated .* DO NOT EDIT\.( -->)?$' --include='*.go' --include='*.toml' --include='*.txt' --include='*.md' --include='*.rules' . || true)
[ -n "$files" ] || exit 0
before=$(echo "$files" | xargs sha256sum)
go generate ./...
after=$(echo "$files" | xargs sha256sum)
[ "$before" = "$after" ] || {
	echo "stale, now written anew; look at the difference and commit it:"
	{ echo "$before"; echo "$after"; } | sort | uniq -u | awk '{print "  " $2}' | sort -u
	exit 1
}
