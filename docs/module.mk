EXTRA_DIST += \
    %reldir%/adding-an-op.md \
    %reldir%/architecture.md \
    %reldir%/math.md \
    %reldir%/pictures/reconstruction.png \
    %reldir%/pictures/samples.png
