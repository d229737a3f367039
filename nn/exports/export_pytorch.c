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

static elbo_status write_module(elbo_run *run, const char *path)
{
    elbo__program decoder, encoder = {.count = 0};
    elbo__page page = {.text = NULL};
    elbo_status status = elbo__pytorch_check_names(run);
    if (status != ELBO_OK)
        return status;
    status = elbo__program_of(run, ELBO__DECODE, &decoder);
    if (status == ELBO_OK)
        status = elbo__program_of(run, ELBO__ENCODE, &encoder);
    if (status == ELBO_OK) {
        elbo__pytorch s = {.run = run, .programs = {&decoder, &encoder}, .page = &page};
        put_file(&s);
        status = s.status;
    }
    status = elbo__write_page(path, &page, status);
    elbo__program_free(&encoder);
    elbo__program_free(&decoder);
    return status;
}

/* ---- the weights ------------------------------------------------------------------------------------------------- */

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

/* In a run's own folder the weights are there already; another run's are not to be lost. */
static elbo_status write_weights(const elbo_run *run, const char *folder, const char *path)
{
    char *config = elbo__format("%s/" ELBO__CONFIG_FILE, folder);
    if (!config)
        return ELBO_NO_MEMORY;
    const bool is_run = access(config, F_OK) == 0;
    elbo__free(config);
    if (!is_run)
        return elbo_run_save(run, path);
    return holds(path, run) ? ELBO_OK : elbo__fail(ELBO_INVALID, "%s: is the folder of another run", folder);
}

elbo_status elbo_export_pytorch(elbo_run *run, const char *folder)
{
    char *module = elbo__format("%s/model.py", folder), *weights = elbo__format("%s/" ELBO__MODEL_FILE, folder);
    elbo_status status = module && weights ? elbo__make_folders(folder, NULL) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = write_weights(run, folder, weights);
    if (status == ELBO_OK)
        status = write_module(run, module);
    elbo__free(module);
    elbo__free(weights);
    return status;
}
