#!/usr/bin/env bash
# Fails if a module uses one that docs/architecture.md draws above it, or beside it. The pictures there are the only
# place that knows the order. Comments and tests don't count.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# For one picture: the heading that it stands under, and the folder whose modules it shows.
check() {
    local heading=$1 sources=$2 files
    # What lib.rs re-exports must be known before the files that use it.
    mapfile -t files < <(find "$sources" -path "$sources/lib.rs"; find "$sources" -name '*.rs' ! -path "$sources/lib.rs" | sort)
    awk -v heading="$heading" -v sources="$sources" "$program" docs/architecture.md "${files[@]}"
}

# shellcheck disable=SC2016 # These dollars are awk's.
program='
    # The picture: `  fan_out · context    what they do`. The deeper the line, the greater the level.
    FILENAME == "docs/architecture.md" {
        if (/^##/) is_here = ($0 == heading)
        if (/^```/) is_drawn = is_here && /^```text/
        if (is_drawn && /^  [a-z]/) {
            sub(/^  /, ""); sub(/  .*/, ""); gsub(/ \([^)]*\)/, "")
            for (i = split($0, drawn, / · /); i > 0; i--) level[drawn[i]] = FNR
        }
        next
    }

    FNR == 1 {
        file = FILENAME; sub(/^.*\/src\/|^src\//, "", file); sub(/(\/mod)?\.rs$/, "", file)
        is_root = (file == "lib" || file == "main")
        depth = 0; is_path = 0; test = ""
    }

    # A test module is left out up to the brace that ends it, and so is the file that `mod tests;` names.
    test != "" {
        if (test == "next" && /^ *#/) next
        if (test == "next" && / mod [a-z_]+;|^ *mod [a-z_]+;/) {
            name = $0; gsub(/.*mod |;.*/, "", name); tests[is_root ? name : file "/" name]
        }
        if (test == "next") { match($0, /^ */); test = /;$/ ? "" : substr($0, 1, RLENGTH) "}" }
        else if (index($0, test) == 1) test = ""
        next
    }
    /^ *#\[cfg\(test\)\]/ { test = "next"; next }
    /^ *\/\// { next }

    { sub(/ \/\/ .*/, ""); read_paths($0) }

    # Each path after `crate::`, with all branches of `crate::{a, b::{c, d}}`, which may go on in the next lines.
    function read_paths(text,    word) {
        while (is_path || (start = match(text, /crate::/))) {
            if (!is_path) { text = substr(text, start + 7); is_path = 1; path = ""; is_named = 0 }
            while (is_path && match(text, /^ *([A-Za-z0-9_]+|::|[{},*])/)) {
                word = substr(text, 1, RLENGTH); gsub(/ /, "", word)
                if (word ~ /^[,}]$/ && depth == 0) break
                text = substr(text, RLENGTH + 1)
                if (word == "{") { parent[++depth] = path; is_named = 0 }
                else if (word == "," || word == "}") {
                    if (path != parent[depth]) used(path)
                    path = parent[depth]; is_named = 0
                    if (word == "}" && --depth == 0) is_path = 0
                    else if (word == "}") path = parent[depth]
                }
                else if (word == "::") is_named = 0
                # A second name without `::` is no part of the path: `as another_name`.
                else if (is_named && depth == 0) break
                else if (!is_named) { path = path (path == "" ? "" : "/") word; is_named = 1 }
            }
            if (depth > 0) return
            if (is_path && path != "") used(path)
            is_path = 0
        }
    }

    function used(path,    name) {
        name = path; sub(/.*\//, "", name)
        if (file == "lib") { moved_from[name] = path; return }
        if (is_root) return
        name = path; sub(/\/.*/, "", name)
        if (name in moved_from) path = moved_from[name]
        else if (name ~ /^[A-Z]|^$/) return
        users[++count] = file; paths[count] = path; places[count] = FILENAME ":" FNR
    }

    # The longest beginning of the path that the picture shows.
    function module(path) {
        while (!(path in level) && sub(/\/[^\/]*$/, "", path)) continue
        if (!(path in level) && !(path in unknown)) {
            printf "%s is not in the picture under \"%s\"\n", path, heading
            unknown[path]
        }
        return path
    }

    function is_test(path) {
        do if (path in tests) return 1; while (sub(/\/[^\/]*$/, "", path))
        return 0
    }

    END {
        for (i = 1; i <= count; i++) {
            if (is_test(users[i])) continue
            from = module(users[i]); to = module(paths[i])
            if (from in unknown || to in unknown || from == to || level[from] < level[to]) continue
            where = (level[from] > level[to] ? "above" : "beside")
            printf "%s: %s uses %s, which stands %s it\n", places[i], from, to, where
            is_wrong = 1
        }
        for (path in unknown) is_wrong = 1
        for (path in level) {
            if ((getline < (sources "/" path ".rs")) >= 0 || (getline < (sources "/" path "/mod.rs")) >= 0) continue
            printf "%s is drawn under \"%s\", and is not in %s\n", path, heading, sources
            is_wrong = 1
        }
        if (!count) { printf "%s uses nothing: is the picture under \"%s\"?\n", sources, heading; is_wrong = 1 }
        exit is_wrong
    }
'

failed=0
check "## The library's modules" src || failed=1
check '### The translator and the command' crates/cli/src || failed=1
exit "$failed"
