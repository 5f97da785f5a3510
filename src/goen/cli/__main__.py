"""``python -m goen.cli`` is ``goen``: how ``goen up`` starts its parts with the same Python."""

from goen.cli import main

main(prog_name="goen")
