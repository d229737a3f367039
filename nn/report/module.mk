public_headers += \
    %reldir%/report.h

library_sources += \
    %reldir%/explorer.c \
    %reldir%/report.c \
    %reldir%/report_curves.c \
    %reldir%/report_facts.c \
    %reldir%/report_mixture.c \
    %reldir%/report_pictures.c \
    %reldir%/report_private.h

# The page's own files as strings, a line each.
page_files = \
    %reldir%/explorer.html \
    %reldir%/explorer.js \
    %reldir%/page.css

EXTRA_DIST += $(page_files)
CLEANFILES += %reldir%/page_files.c
nodist_libelbo_internal_la_SOURCES = %reldir%/page_files.c

%reldir%/page_files.c: $(page_files) %reldir%/module.mk
	$(AM_V_GEN)$(MKDIR_P) %reldir% && { echo '#include <stddef.h>'; \
	    for file in explorer.html explorer.js page.css; do \
	        echo "const char *const elbo__$$(echo $$file | tr . _)[] = {"; \
	        sed -e 's/[\\"]/\\&/g' -e 's/.*/    "&\\n",/' $(srcdir)/%reldir%/$$file; \
	        echo '    NULL};'; \
	    done; } >$@.new && mv $@.new $@
