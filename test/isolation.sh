# isolation.sh: the isolation tests; see regress.sh.
exec bash test/regress.sh isolation
