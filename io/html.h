/* HTML and XML: markup with texts in it that cannot break out of their places. (internal)
 *
 *     elbo__html(out, "<td>%s</td><td>%s</td>\n", name, value);             // "a < b" arrives as a &lt; b
 *     status = elbo__html_picture(out, "samples.png", "Digits drawn by the model");
 *
 * Failures of the writer stay with it until the commit.
 */
#ifndef ELBO_IO_HTML_H
#define ELBO_IO_HTML_H

#include "file.h"

/* Markup in which each %s is replaced by a text, escaped for elements and for attributes in double quotes, and %% by %.
 * There is no other conversion. */
void elbo__html(elbo__writer *out, const char *markup, ...) ELBO_PRINTF(2, 3);

/* A text, escaped. What XML cannot hold, bytes that are not UTF-8 and control characters, becomes U+FFFD. */
void elbo__html_text(elbo__writer *out, const char *text);

/* A PNG file as an img element that holds the picture itself, enlarged by a whole factor where it is small. ELBO_FORMAT
 * for what is no PNG file. */
elbo_status elbo__html_picture(elbo__writer *out, const char *path, const char *alt) ELBO_MUST_CHECK;

#endif
