using System.Collections.Frozen;

namespace Strata.Edge.Sites;

/// <summary>Media types by file name.</summary>
internal static class ContentTypes
{
    private const string Unknown = "application/octet-stream";

    private static readonly FrozenDictionary<string, string> ByExtension = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8", [".htm"] = "text/html; charset=utf-8", [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".mjs"] = "text/javascript; charset=utf-8", [".cjs"] = "text/javascript; charset=utf-8", [".json"] = "application/json",
        [".map"] = "application/json",
        [".webmanifest"] = "application/manifest+json", [".txt"] = "text/plain; charset=utf-8", [".md"] = "text/markdown; charset=utf-8",
        [".csv"] = "text/csv; charset=utf-8",
        [".xml"] = "application/xml", [".xhtml"] = "application/xhtml+xml", [".rss"] = "application/rss+xml",
        [".atom"] = "application/atom+xml", [".ics"] = "text/calendar; charset=utf-8",
        [".yaml"] = "application/yaml", [".yml"] = "application/yaml", [".wasm"] = "application/wasm", [".pdf"] = "application/pdf",
        [".zip"] = "application/zip",
        [".gz"] = "application/gzip", [".tar"] = "application/x-tar", [".svg"] = "image/svg+xml", [".png"] = "image/png",
        [".jpg"] = "image/jpeg", [".jpeg"] = "image/jpeg",
        [".gif"] = "image/gif", [".webp"] = "image/webp", [".avif"] = "image/avif", [".ico"] = "image/x-icon", [".bmp"] = "image/bmp",
        [".woff"] = "font/woff",
        [".woff2"] = "font/woff2", [".ttf"] = "font/ttf", [".otf"] = "font/otf", [".eot"] = "application/vnd.ms-fontobject",
        [".mp3"] = "audio/mpeg", [".m4a"] = "audio/mp4",
        [".ogg"] = "audio/ogg", [".oga"] = "audio/ogg", [".wav"] = "audio/wav", [".flac"] = "audio/flac", [".mp4"] = "video/mp4",
        [".m4v"] = "video/mp4", [".webm"] = "video/webm",
        [".ogv"] = "video/ogg", [".mov"] = "video/quicktime", [".vtt"] = "text/vtt; charset=utf-8", [".glb"] = "model/gltf-binary",
        [".gltf"] = "model/gltf+json",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static string Of(string path) => ByExtension.GetValueOrDefault(Path.GetExtension(path), Unknown);
}
