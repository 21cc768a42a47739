#!/usr/bin/env bash
# A real Tryton on this machine, for tests: from PyPI, in a virtual environment of its own, with SQLite.
#
#   tryton.sh start HOME FOLDER PORT    writes FOLDER/env with TRYTON_URL, TRYTON_KEY, TRYTON_USER and TRYTON_PASSWORD
#   tryton.sh stop FOLDER
#
# HOME keeps the virtual environment and the books as they are at the beginning: without them a start takes a minute
# or two, with them some seconds. Delete it to begin anew.
set -euo pipefail

PACKAGES=('trytond==8.2.*' 'trytond-account-invoice==8.2.*' 'trytond-purchase==8.2.*' 'proteus==8.2.*')
PYTHON=${PYTHON:-python3}

usage() {
    sed -n '4,5s/^# *//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

fail() {
    echo "tryton.sh: $*" >&2
    tail -n 20 "$home"/*.log "$folder"/*.log >&2 2>/dev/null || true
    exit 1
}

# Each is made beside its place and moved there when it is whole, so that an interrupted start does no harm.
install_packages() {
    [ -d venv ] && return
    rm -rf venv.new
    "$PYTHON" -m venv venv.new
    venv.new/bin/python -m pip install --quiet --disable-pip-version-check "${PACKAGES[@]}"
    mv venv.new venv
}

configure() {
    printf '[database]\nuri = sqlite://\npath = %s\n[web]\nlisten = 127.0.0.1:%s\n' "$1" "$2" >"$1/trytond.conf"
}

make_books() {
    [ -d "$books" ] && return
    rm -rf books-*
    mkdir books-new
    configure "$home/books-new" 1
    touch books-new/books.sqlite
    printf '%s\n' "made-up-$RANDOM$RANDOM$RANDOM" >books-new/password
    (
        cd books-new
        TRYTONPASSFILE=password python -m trytond.cli.admin -c trytond.conf -d books --email admin@example.test \
            -u account_invoice purchase --activate-dependencies
        python - <<'PYTHON'
import datetime
import pathlib
import secrets
from decimal import Decimal

from proteus import Model, Wizard, config
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences

cfg = config.set_trytond("sqlite:///books", user="admin", config_file="trytond.conf")
Company, Currency, Group, Journal, Method, Party, User = (
    Model.get(name)
    for name in (
        "company.company", "currency.currency", "res.group", "account.journal", "account.invoice.payment.method",
        "party.party", "res.user",
    )
)
for code in ("EUR", "USD"):
    currency = Currency(name=code, code=code, symbol=code)
    currency.rates.new(rate=Decimal(1), date=datetime.date(2020, 1, 1))
    currency.save()
owner = Party(name="Baton Co")
owner.save()
wizard = Wizard("company.company.config")
wizard.execute("company")
wizard.form.party = owner
wizard.form.currency, = Currency.find([("code", "=", "EUR")])
wizard.execute("add")
company, = Company.find([])
cfg._context = User.get_preferences(True, cfg.context)

create_chart(company)
year = datetime.date.today().year
span = datetime.date(min(year - 1, 2026), 1, 1), datetime.date(year + 1, 12, 31)
fiscal_year = set_fiscalyear_invoice_sequences(create_fiscalyear(company, span))
fiscal_year.save()
fiscal_year.click("create_period")
cash = get_accounts(company)["cash"]
journal, = Journal.find([("type", "=", "cash")])
Method(name="Bank", journal=journal, credit_account=cash, debit_account=cash).save()

# Baton is no administrator there: these are the groups that its README asks for.
baton, password = User(name="Baton", login="baton"), secrets.token_hex()
baton.companies.append(Company(company.id))
baton.company = Company(company.id)
for group in Group.find([("name", "in", ["Accounting", "Party Administration", "Purchase"])]):
    baton.groups.append(group)
baton.save()
from trytond.pool import Pool
from trytond.transaction import Transaction

with Transaction().start("books", 0) as transaction:
    User = Pool().get("res.user")
    User.write([User(baton.id)], {"password": password})
    application, = Pool().get("res.user.application").create(
        [{"user": baton.id, "application": "rest", "state": "validated"}]
    )
    transaction.commit()
    login = f"TRYTON_USER=baton\nTRYTON_PASSWORD={password}\nTRYTON_KEY={application.key}\n"
pathlib.Path("login").write_text(login)
PYTHON
    )
    rm books-new/password books-new/trytond.conf
    mv books-new "$books"
}

start() {
    mkdir -p "$home" "$folder" && cd "$home"
    umask 077
    (
        renice -n 15 -p $BASHPID >/dev/null # others are testing meanwhile
        flock 9
        install_packages >install.log 2>&1 || fail "it could not be installed from PyPI"
        export PATH="$home/venv/bin:$PATH"
        make_books >books.log 2>&1 || fail "its books could not be made"
        cp "$books/books.sqlite" "$folder/"
    ) 9>lock
    configure "$folder" "$port"
    { printf 'TRYTON_URL=http://127.0.0.1:%s/books\n' "$port"; cat "$books/login"; } >"$folder/env"
    setsid "$home/venv/bin/python" -m trytond.cli -c "$folder/trytond.conf" -d books \
        >"$folder/trytond.log" 2>&1 </dev/null &
    echo $! >"$folder/trytond.pid"
    for _ in $(seq 480); do
        "$home/venv/bin/python" -c "import socket; socket.create_connection(('127.0.0.1', $port)).close()" 2>/dev/null && return
        kill -0 "$(cat "$folder/trytond.pid")" 2>/dev/null || fail "it ended"
        sleep 0.25
    done
    fail "it did not answer within two minutes"
}

# The process in the pid file, if it is still the one we started: its command line names our folder.
stop() {
    local pid
    pid=$(cat "$folder/trytond.pid" 2>/dev/null) || return 0
    if tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$folder"; then
        kill -TERM "$pid" 2>/dev/null || true
    fi
    rm -f "$folder/trytond.pid"
}

[ $# -ge 2 ] || usage
case $1 in
    start)
        [ $# = 4 ] || usage
        home=$(realpath -m "$2") folder=$(realpath -m "$3") port=$4
        books=$home/books-$(sha256sum "${BASH_SOURCE[0]}" | head -c 12)
        start
        ;;
    stop)
        home=/nowhere folder=$(realpath -m "$2")
        stop
        ;;
    *) usage ;;
esac
