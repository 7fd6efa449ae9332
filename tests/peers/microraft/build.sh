#!/usr/bin/env bash
# Builds the adapter of MicroRaft in a folder (target beside this file, if none is named): Maven
# fetches the jars, javac compiles. Needs a JDK, 17 or later, and mvn.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-$here/target}
for tool in mvn javac; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: install maven and default-jdk-headless" >&2; exit 1; }
done
mkdir -p "$target"
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$target/jars"
javac -Werror -d "$target/classes" -cp "$target/jars/*" "$here"/*.java
printf '#!/bin/sh\nexec java -ea -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-OmitStackTraceInFastThrow -cp "%s/classes:%s/jars/*" Peer "$@"\n' "$target" "$target" >"$target/peer"
chmod +x "$target/peer"
