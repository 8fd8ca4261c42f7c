"""The report of the matrix: what it says, how it looks as Markdown and as one HTML file, and its plots."""
