"""``python -m vm_df_writer``: the command line."""

from vm_df_writer.cli import main

if __name__ == "__main__":
    main(prog_name="python -m vm_df_writer")
