EXTRA_DIST += \
    %reldir%/architecture.md
