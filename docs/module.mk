EXTRA_DIST += \
    %reldir%/adding-an-op.md \
    %reldir%/architecture.md \
    %reldir%/math.md \
    %reldir%/performance.md \
    %reldir%/pictures/reconstruction.png \
    %reldir%/pictures/samples.png
