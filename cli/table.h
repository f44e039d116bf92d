/*
 * Text in columns as docker's tabwriter prints it: cells separated by tabs, lines by newlines; a
 * column is as wide as its widest cell and three blanks, the last one is not padded.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdio.h>

/* Prints text (lines of tab-separated cells) to f, aligned. Widths count UTF-8 characters. */
void table_print(const char *text, FILE *f);

#endif
