#!/usr/bin/env bash
# What a service that runs checks does with raft-ref: traces are validated, an adapter is driven for
# a time, and what was found before is followed first. action.yml and gitlab.yml run this file; a
# shell does as well:
#
#   RAFT_REF_TRACES='run/*.ndjson' RAFT_REF_ADAPTER=./my-adapter bash judge.sh
#
# RAFT_REF_TRACES    files for raft-ref validate, or patterns; none if it is empty
# RAFT_REF_PROFILE   what wrote them, and the adapter's lines (raft-ref)
# RAFT_REF_ADAPTER   the command that starts an adapter for raft-ref conform; none if it is empty
# RAFT_REF_TIME      how long to hunt (60s); a night is 8h
# RAFT_REF_SEED      of the hunt (a new one)
# RAFT_REF_OPTIONS   more options of raft-ref conform, such as --servers 5 --with pre-vote
# RAFT_REF_DATABASE  what was found before (.raft-ref): keep it between two runs
# RAFT_REF_OUTPUT    where reports and pictures go (raft-ref-report)
#
# Exit codes: 0 all is accepted; 1 something is refused; 2 bad input or usage; 3 inconclusive.
set -euo pipefail

output=${RAFT_REF_OUTPUT:-raft-ref-report}
profile=${RAFT_REF_PROFILE:-raft-ref}
annotations=()
[ "${GITHUB_ACTIONS:-}" = true ] && annotations=(--annotations)
mkdir -p "$output"
worst=0

judged() { # NAME COMMAND...: run a command, keep what it says, and the worst of the exit codes
    local code=0
    "${@:2}" 2>&1 | tee "$output/$1.txt" || code=${PIPESTATUS[0]}
    if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
        {
            echo "### raft-ref $1"
            echo '```'
            grep -v '^::' "$output/$1.txt" | head -n 60 || true # head may end before grep does
            echo '```'
        } >>"$GITHUB_STEP_SUMMARY"
    fi
    local each
    for each in 3 1 2; do # the last of these is the worst
        if [ "$code" = "$each" ] || [ "$worst" = "$each" ]; then code=$each; fi
    done
    worst=$code
}

if [ -n "${RAFT_REF_TRACES:-}" ]; then
    # shellcheck disable=SC2086  # they may be patterns
    judged validate raft-ref validate $RAFT_REF_TRACES --profile "$profile" \
        --junit "$output/validate.xml" --diagram "$output/refused.svg" "${annotations[@]}"
fi
if [ -n "${RAFT_REF_ADAPTER:-}" ]; then
    seed=()
    [ -n "${RAFT_REF_SEED:-}" ] && seed=(--seed "$RAFT_REF_SEED")
    # shellcheck disable=SC2086  # they are several words
    judged conform raft-ref conform --cmd "$RAFT_REF_ADAPTER" --profile "$profile" --random \
        --time "${RAFT_REF_TIME:-60s}" --database "${RAFT_REF_DATABASE:-.raft-ref}" "${seed[@]}" \
        --junit "$output/conform.xml" --diagram "$output/found.svg" \
        --trace "$output/found.ndjson" --quiet "${annotations[@]}" ${RAFT_REF_OPTIONS:-}
fi
exit "$worst"
