EXTRA_DIST += \
    %reldir%/adding-an-op.md \
    %reldir%/architecture.md \
    %reldir%/math.md
