EXTRA_DIST += \
    %reldir%/adding-an-op.md \
    %reldir%/architecture.md \
    %reldir%/latent-space.md \
    %reldir%/math.md \
    %reldir%/models.md \
    %reldir%/performance.md \
    %reldir%/pictures/reconstruction.png \
    %reldir%/pictures/samples.png
