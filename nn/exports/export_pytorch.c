/* A run as a PyTorch module and the file of its weights. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "../../io/file.h"
#include "../../tensor/error_private.h"
#include "../../tensor/memory.h"
#include "../../tensor/version.h"
#include "../runs/folder.h"
#include "pytorch.h"

/* ---- what is the same for every model ---------------------------------------------------------------------------- */

static const char batch_norm_text[] =
    "\n\nclass BatchNorm(nn.Module):\n"
    "    \"\"\"nn.BatchNorm1d and 2d in one, without their count of batches, which the weights do not have.\"\"\"\n"
    "\n"
    "    def __init__(self, channels):\n"
    "        super().__init__()\n"
    "        self.weight = nn.Parameter(torch.ones(channels))\n"
    "        self.bias = nn.Parameter(torch.zeros(channels))\n"
    "        self.register_buffer(\"running_mean\", torch.zeros(channels))\n"
    "        self.register_buffer(\"running_var\", torch.ones(channels))\n"
    "\n"
    "    def forward(self, x):\n"
    "        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, self.training)\n";

static const char files_text[] =
    "\n\ndef read_safetensors(path):\n"
    "    \"\"\"The tensors of a file by name (safetensors.torch.load_file does the same).\"\"\"\n"
    "    types = {\"F32\": torch.float32, \"F64\": torch.float64}\n"
    "    with open(path, \"rb\") as file:\n"
    "        size, = struct.unpack(\"<Q\", file.read(8))\n"
    "        header = json.loads(file.read(size))\n"
    "        data = file.read()\n"
    "    header.pop(\"__metadata__\", None)\n"
    "    tensors = {}\n"
    "    for name, entry in header.items():\n"
    "        begin, end = entry[\"data_offsets\"]\n"
    "        values = torch.frombuffer(bytearray(data[begin:end]), dtype=types[entry[\"dtype\"]])\n"
    "        tensors[name] = values.reshape(entry[\"shape\"])\n"
    "    return tensors\n"
    "\n\ndef load(path=None):\n"
    "    \"\"\"The model with its weights, from model.safetensors beside this file if no other is named.\"\"\"\n"
    "    path = path or os.path.join(os.path.dirname(os.path.abspath(__file__)), \"model.safetensors\")\n"
    "    model = Model()\n"
    "    model.load_state_dict(read_safetensors(path), strict=True)\n"
    "    return model.eval()\n"
    "\n\ndef save(model, path):\n"
    "    \"\"\"Writes the weights as a file for `elbo import` (safetensors.torch.save_file does the same).\"\"\"\n"
    "    header, data = {}, b\"\"\n"
    "    for name, tensor in model.state_dict().items():\n"
    "        values = tensor.detach().cpu().float().contiguous().numpy().tobytes()\n"
    "        header[name] = {\"dtype\": \"F32\", \"shape\": list(tensor.shape), \"data_offsets\": [len(data), "
    "len(data) + len(values)]}\n"
    "        data += values\n"
    "    text = json.dumps(header).encode()\n"
    "    text += b\" \" * (-len(text) % 8)\n"
    "    with open(path, \"wb\") as file:\n"
    "        file.write(struct.pack(\"<Q\", len(text)) + text + data)\n";

/* ---- model.py ---------------------------------------------------------------------------------------------------- */

static void put_head(const elbo__pytorch *s)
{
    const elbo_shape image = elbo_run_image(s->run);
    const int classes = elbo_run_classes(s->run);
    const bool normal = s->programs[1]->n_outputs == 2;
    const char *labels = classes ? ", y" : "";
    elbo__page_put(s->page,
                   "\"\"\"A model \"%s\", trained by elbo %s.\n"
                   "\n"
                   "    import model\n"
                   "    m = model.load()%*s# with the weights of model.safetensors beside this file\n"
                   "    %s = m.encode(x%s)\n"
                   "    x = m.decode(z%s)\n"
                   "\n"
                   "x (B, %" PRId64 "): images of %s numbers, one a row; z%s (B, %" PRId64 "): codes",
                   elbo_run_model(s->run)->name, ELBO_VERSION, 14, "", normal ? "mean, logvar" : "z", labels, labels,
                   elbo_run_pixels(s->run), elbo__sizes_text_of(&image).text, normal ? ", mean and logvar" : "",
                   elbo_run_latent(s->run));
    if (classes)
        elbo__page_put(s->page, ";\ny (B): classes, 0 to %d, as whole numbers of any type", classes - 1);
    elbo__page_put(s->page, ".\n\"\"\"\n"
                            "import json\nimport os\nimport struct\n\n"
                            "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n");
}

/* What comes in besides the numbers: the class, or nothing. */
static const char *class_argument(const elbo__pytorch *s)
{
    return elbo_run_classes(s->run) ? ", y" : ", y=None";
}

static void put_class(elbo__pytorch *s)
{
    const char *y = elbo_run_classes(s->run) ? ", y" : "";
    const bool normal = s->programs[1]->n_outputs == 2;
    elbo__page_put(s->page, "\n\nclass Model(nn.Module):\n    def __init__(self):\n        super().__init__()\n");
    elbo__pytorch_put_modules(s);
    elbo__page_put(s->page, "\n    def encode(self, x%s):\n        \"\"\"%s\"\"\"\n", class_argument(s),
                   normal ? "Mean and log-variance of q(z|x)." : "The code of each image.");
    elbo__pytorch_put_body(s, s->programs[1]);
    elbo__page_put(s->page, "\n    def decode(self, z%s):\n        \"\"\"The mean of p(x|z).\"\"\"\n",
                   class_argument(s));
    elbo__pytorch_put_body(s, s->programs[0]);
    elbo__page_put(s->page, "\n    def forward(self, x%s):\n", class_argument(s));
    if (normal)
        elbo__page_put(s->page,
                       "        mean, logvar = self.encode(x%s)\n"
                       "        z = mean + torch.exp(logvar / 2) * torch.randn_like(mean)\n"
                       "        return self.decode(z%s), mean, logvar\n",
                       y, y);
    else
        elbo__page_put(s->page, "        return self.decode(self.encode(x%s)%s)\n", y, y);
}

static void put_file(elbo__pytorch *s)
{
    put_head(s);
    if (elbo__pytorch_has_batch_norm(s))
        elbo__page_put(s->page, "%s", batch_norm_text);
    put_class(s);
    elbo__page_put(s->page, "%s", files_text);
}

/* The text of model.py; a page that is cleared by the caller in any case. */
static elbo_status make_module(elbo_run *run, elbo__page *page)
{
    elbo__program decoder, encoder = {.count = 0};
    elbo_status status = elbo__pytorch_check_names(run);
    if (status != ELBO_OK)
        return status;
    status = elbo__program_of(run, ELBO__DECODE, &decoder);
    if (status == ELBO_OK)
        status = elbo__program_of(run, ELBO__ENCODE, &encoder);
    if (status == ELBO_OK) {
        elbo__pytorch s = {.run = run, .programs = {&decoder, &encoder}, .page = page};
        put_file(&s);
        status = s.status == ELBO_OK && page->failed ? ELBO_NO_MEMORY : s.status;
    }
    elbo__program_free(&encoder);
    elbo__program_free(&decoder);
    return status;
}

/* ---- what is there already --------------------------------------------------------------------------------------- */

struct files {
    const char *folder;
    char *module, *weights, *config; /* the last only in the folder of a run */
};

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Whether the file holds this very run. */
static bool holds(const char *path, const elbo_run *run)
{
    elbo_run *there = elbo_run_load(path, (const elbo_model *const[]){elbo_run_model(run), NULL});
    if (!there)
        return false;
    const elbo_tensor a = elbo_params_slab(elbo_run_params(there), 0),
                      b = elbo_params_slab(elbo_run_params((elbo_run *)run), 0);
    const bool same = elbo_shape_equal(&a.layout.shape, &b.layout.shape) &&
                      memcmp(a.data, b.data, (size_t)elbo_shape_size(&a.layout.shape) * sizeof(float)) == 0;
    elbo_run_free(there);
    return same;
}

/* Whether the file is this very text. */
static bool reads(const char *path, const elbo__page *page)
{
    char *text = NULL;
    size_t size = 0;
    const bool same = elbo__file_read(path, page->length, &text, &size) == ELBO_OK && size == page->length &&
                      memcmp(text, page->text, size) == 0;
    elbo__free(text);
    return same;
}

static elbo_status refuse(const char *path)
{
    return elbo__fail(ELBO_INVALID, "%s: is another one than would be written; only --force replaces it", path);
}

/* Another run's weights are not to be lost, and what was changed by hand or by a training only where that is meant. */
static elbo_status check_files(const elbo_run *run, const struct files *f, const elbo__page *page, bool replace)
{
    const bool same = is_there(f->weights) && holds(f->weights, run);
    if (is_there(f->config) && !same)
        return elbo__fail(ELBO_INVALID, "%s: is the folder of another run", f->folder);
    if (!replace && !same && is_there(f->weights))
        return refuse(f->weights);
    return !replace && is_there(f->module) && !reads(f->module, page) ? refuse(f->module) : ELBO_OK;
}

/* ---- the folder -------------------------------------------------------------------------------------------------- */

/* In a run's own folder the weights are there already. */
static elbo_status write_files(elbo_run *run, const struct files *f, bool replace)
{
    elbo__page page = {.text = NULL};
    elbo_status status = make_module(run, &page);
    if (status == ELBO_OK)
        status = check_files(run, f, &page, replace);
    if (status == ELBO_OK)
        status = elbo__make_folders(f->folder, NULL);
    if (status == ELBO_OK && !is_there(f->config))
        status = elbo_run_save(run, f->weights);
    return elbo__write_page(f->module, &page, status);
}

elbo_status elbo_export_pytorch(elbo_run *run, const char *folder, bool replace)
{
    const struct files f = {folder, elbo__format("%s/model.py", folder), elbo__format("%s/" ELBO__MODEL_FILE, folder),
                            elbo__format("%s/" ELBO__CONFIG_FILE, folder)};
    const elbo_status status = f.module && f.weights && f.config ? write_files(run, &f, replace) : ELBO_NO_MEMORY;
    elbo__free(f.module);
    elbo__free(f.weights);
    elbo__free(f.config);
    return status;
}
