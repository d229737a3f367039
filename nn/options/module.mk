public_headers += \
    %reldir%/option.h

library_sources += \
    %reldir%/option.c \
    %reldir%/option_private.h
