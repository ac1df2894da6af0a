"""The command `workbook`: doctor, run, report, label. No notebook needs this room."""
