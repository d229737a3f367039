nobase_dist_doc_DATA += \
    %reldir%/adding-an-op.md \
    %reldir%/architecture.md \
    %reldir%/evaluating.md \
    %reldir%/interchange.md \
    %reldir%/latent-space.md \
    %reldir%/math.md \
    %reldir%/models.md \
    %reldir%/own-data.md \
    %reldir%/own-models.md \
    %reldir%/performance.md \
    %reldir%/pictures/ae-reconstruction.png \
    %reldir%/pictures/conv-samples.png \
    %reldir%/pictures/cvae-samples.png \
    %reldir%/pictures/denoising.png \
    %reldir%/pictures/interpolation.png \
    %reldir%/pictures/manifold-ae.png \
    %reldir%/pictures/manifold-vae.png \
    %reldir%/pictures/pca-components.png \
    %reldir%/pictures/reconstruction.png \
    %reldir%/pictures/samples.png \
    %reldir%/pictures/scatter.png \
    %reldir%/pictures/sparse-features.png \
    %reldir%/pictures/sprites-reconstruction.png \
    %reldir%/pictures/traversal.png \
    %reldir%/training.md
