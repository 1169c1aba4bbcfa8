#!/bin/sh
# Writes /tmp/alertmanager.yml, which is alertmanager.yml with the settings of the environment in the places of their names,
# and then runs the command it is given. For the sh and awk of Alertmanager's own image.
#
#   start.sh /bin/alertmanager --config.file=/tmp/alertmanager.yml
set -eu
umask 077

# A value may hold any character: a place for text stands in single quotes, within which YAML knows no special one but the
# quote itself, and that is doubled. What is put in is not looked at again. A line that ends in `# unless empty` is left
# out where its setting is empty.
awk '
  /^ *#/ { print; next }
  {
    out = ""
    optional = sub(/ # unless empty$/, "")
    empty = 0
    while (match($0, /\$\{[A-Z_]+\}/)) {
      name = substr($0, RSTART + 2, RLENGTH - 3)
      if (!(name in ENVIRON)) {
        print "alertmanager.yml, line " NR ": the setting " name " is not in the environment" >"/dev/stderr"
        exit 1
      }
      value = ENVIRON[name]
      if (value == "") empty = 1
      gsub("\047", "\047\047", value)
      out = out substr($0, 1, RSTART - 1) value
      $0 = substr($0, RSTART + RLENGTH)
    }
    if (!(optional && empty)) print out $0
  }
' /etc/alertmanager/alertmanager.yml >/tmp/alertmanager.yml

exec "$@"
