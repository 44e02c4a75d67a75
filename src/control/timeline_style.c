/* see timeline.h: colours of the SVG; what is narrow shows less. */
#include "control/timeline.h"

#define LIGHT \
    "--tl-text:#1d2733;--tl-muted:#5d6b7a;--tl-grid:#e3e8ed;--tl-seals:#0b7a75;" \
    "--tl-opens:#a6d5d0;--tl-bad:#c2410c;--tl-now:#c8285a;--tl-back:#fff"
#define DARK \
    "--tl-text:#e4e9ef;--tl-muted:#97a5b4;--tl-grid:#2a343f;--tl-seals:#45c4b8;" \
    "--tl-opens:#1f5f5b;--tl-bad:#ff8f66;--tl-now:#ff6f94;--tl-back:#161c23"

const char *const timeline_css =
    ".tl{" LIGHT ";color-scheme:light dark;font:12px system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Helvetica Neue',Arial,sans-serif;font-variant-numeric:tabular-nums}\n"
    "@media(prefers-color-scheme:dark){.tl{" DARK "}}\n"
    ".tl text{fill:var(--tl-muted)}.tl .name{fill:var(--tl-text);font-family:ui-monospace,"
    "SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}\n"
    ".tl .is-sealing{font-weight:600;fill:var(--tl-seals)}.tl .is-revoked{fill:var(--tl-bad)}\n"
    ".tl .grid{stroke:var(--tl-grid)}.tl .seals{fill:var(--tl-seals)}"
    ".tl .opens{fill:var(--tl-opens)}\n"
    ".tl .coming{fill:none;stroke:var(--tl-seals);stroke-dasharray:3 2}\n"
    ".tl .revoked{fill:none;stroke:var(--tl-bad)}.tl .cross{stroke:var(--tl-bad)}\n"
    ".tl .now{stroke:var(--tl-now);stroke-width:1.5}.tl .now-text{fill:var(--tl-now);"
    "font-weight:600}\n"
    ".tl .back{fill:var(--tl-back)}.tl-grid{display:grid;grid-template-columns:auto 1fr}.tl-grid "
    ".tl{overflow:visible}\n"
    "@media(max-width:60rem){.tl-grid .least{display:none}}\n"
    "@media(max-width:40rem){.tl-grid .state,.tl-grid .less{display:none}"
    ".tl-names{width:72px}}\n";
