#!/bin/sh -e
# Build plotly-more.min.js and the outlines of maps, from plotly.js of the version that the skeleton has.
# Needs node, npm and brotli; run it in an empty folder, then copy vendor/ into the skeletons.
version=4.1.1
traces="bar pie box violin heatmap treemap sunburst funnel waterfall indicator candlestick choropleth scattergeo sankey scatterpolar histogram histogram2d histogram2dcontour contour ohlc barpolar scatterternary funnelarea icicle parcats"

npm install --no-audit --no-fund --ignore-scripts plotly.js@$version esbuild@0.28
# A page allows no style attribute, not even an empty one: set properties, as plotly.js does elsewhere.
cd node_modules/plotly.js/src
sed -i "s/\.attr('style', '')/.attr('style', null)/" components/colorbar/draw.js
sed -i "s/\.attr('style', [A-Z_a-z.]*STYLE)/.style('image-rendering', 'pixelated')/" traces/heatmap/plot.js lib/supports_pixelated_image.js
cd ../../..
mkdir -p vendor
{
    echo 'const Plotly = require("plotly.js/lib/core");'
    for trace in $traces; do echo "Plotly.register(require('plotly.js/lib/$trace'));"; done
    echo 'module.exports = Plotly;'
} > more.js
{
    echo '//# allFunctionsCalledOnLoad'
    echo "/* plotly.js v$version with the traces $traces. Copyright 2012-2026, Plotly, Inc. MIT license. */"
    npx esbuild more.js --bundle --minify --format=iife --global-name=Plotly --target=es2020 \
        --define:global=window --loader:.css=empty
} > vendor/plotly-more.min.js
node -e '
    global.window = global;
    const { topojson } = require("plotly.js/dist/plotly-geo-assets.js");
    for (const name of ["world_110m", "usa_110m"])
        require("fs").writeFileSync(`vendor/${name}.json`, JSON.stringify(topojson[name]));'
for file in vendor/*.js vendor/*.json; do brotli -q 11 -k -f "$file"; done
