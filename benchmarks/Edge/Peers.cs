using System.Globalization;
using System.Text;

namespace Strata.Edge.Benchmarks;

/// <summary>
/// Configurations of the origin and of the proxies to compare with: each as its documentation recommends for a keep-alive upstream, logs
/// off.
/// </summary>
internal static class Peers
{
    /// <summary>Of 20 KB of text at the origin.</summary>
    public const string TextPath = "/text";

    private const int TextBytes = 20_000;

    public static Proxy Origin(string folder, int port)
    {
        var random = new Random(1);
        var words = Enumerable.Range(0, 500).Select(_ => random.GetString("abcdefghijklmnopqrstuvwxyz", random.Next(3, 9))).ToList();
        var text = new StringBuilder();
        while (text.Length < TextBytes) text.Append(words[random.Next(words.Count)]).Append(' ');
        File.WriteAllText(Path.Combine(folder, "text"), text.ToString());
        var path = WriteNginx(folder, "origin", $$"""
            location / { default_type text/plain; return 200 "hello world"; }
            location {{TextPath}} { default_type text/plain; root {{folder}}; }
            """, $"{port}", "", "");
        return Proxy.Start("origin", port, "nginx", ["-c", path, "-p", folder]);
    }

    public static Proxy Nginx(string folder, int port, int origin, TlsFiles? tls = null)
    {
        var path = WriteNginx(folder, "nginx", """
            location / {
                proxy_pass http://origin;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $host;
                proxy_set_header X-Forwarded-For $remote_addr;
                proxy_set_header X-Forwarded-Proto $scheme;
                proxy_set_header X-Forwarded-Host $host;
                gzip on;
                gzip_proxied any;
                gzip_comp_level 4;
                gzip_min_length 1024;
                gzip_types text/plain;
            }
            """, tls is null ? $"{port}" : $"{port} ssl http2",
            tls is null ? "" : $"ssl_certificate {tls.Chain}; ssl_certificate_key {tls.Key};", $"upstream origin {{ server 127.0.0.1:{origin}; keepalive 128; keepalive_requests 1000000000; }}");
        return Proxy.Start("nginx", port, "nginx", ["-c", path, "-p", folder]);
    }

    public static Proxy HaProxy(string folder, int port, int origin, TlsFiles? tls = null)
    {
        var path = Path.Combine(folder, "haproxy.cfg");
        File.WriteAllText(path, $"""
            global
                nbthread 2
            defaults
                mode http
                timeout connect 5s
                timeout client 60s
                timeout server 60s
                option forwardfor
                http-reuse always
            frontend f
                bind 127.0.0.1:{port}{(tls is null ? "" : $" ssl crt {tls.Both} alpn h2,http/1.1")}
                default_backend b
                filter compression
                compression algo gzip
                compression type text/plain
            backend b
                server s 127.0.0.1:{origin}

            """);
        return Proxy.Start("haproxy", port, "haproxy", ["-db", "-f", path]);
    }

    public static Proxy Caddy(string folder, int port, int origin)
    {
        var path = Path.Combine(folder, "Caddyfile");
        File.WriteAllText(path, $$"""
            {
                admin off
                auto_https off
            }
            http://:{{port}} {
                bind 127.0.0.1
                encode gzip
                reverse_proxy 127.0.0.1:{{origin}}
            }

            """);
        return Proxy.Start("caddy", port, "caddy", ["run", "--config", path, "--adapter", "caddyfile"],
            new Dictionary<string, string> { ["HOME"] = folder, ["XDG_DATA_HOME"] = folder, ["XDG_CONFIG_HOME"] = folder });
    }

    public static Proxy Strata(int port, int origin, bool inline, TlsFiles? tls = null)
    {
        var program = Environment.ProcessPath!;
        string[] arguments = ["serve", port.ToString(CultureInfo.InvariantCulture), origin.ToString(CultureInfo.InvariantCulture),
            inline ? "inline" : "default", .. tls is null ? [] : new[] { tls.Both }];
        return Proxy.Start(inline ? "strata-inline" : "strata", port, program, arguments);
    }

    private static string WriteNginx(string folder, string name, string location, string listen, string tls, string upstream)
    {
        var path = Path.Combine(folder, name + ".conf");
        File.WriteAllText(path, $$"""
            daemon off;
            worker_processes 2;
            pid {{folder}}/{{name}}.pid;
            error_log {{folder}}/{{name}}.log crit;
            events { worker_connections 4096; }
            http {
                access_log off;
                client_body_temp_path {{folder}}/{{name}}-body;
                proxy_temp_path {{folder}}/{{name}}-proxy;
                fastcgi_temp_path {{folder}}/{{name}}-fastcgi;
                uwsgi_temp_path {{folder}}/{{name}}-uwsgi;
                scgi_temp_path {{folder}}/{{name}}-scgi;
                keepalive_requests 1000000000;
                {{upstream}}
                server {
                    listen 127.0.0.1:{{listen}} backlog=1024;
                    {{tls}}
                    http2_max_concurrent_streams 1000;
                    {{location}}
                }
            }

            """);
        return path;
    }
}
