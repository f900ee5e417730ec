using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Strata.Core;

namespace Strata.Identity.Tests;

/// <summary>An OpenID Connect provider on the loopback: its two documents, and tokens signed by its key.</summary>
internal sealed class TestProvider : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly RSA key = RSA.Create(2048);
    private readonly ConcurrentBag<HttpListenerContext> unanswered = [];
    private int requests;

    public TestProvider()
    {
        Issuer = $"http://127.0.0.1:{FreePort.Next()}";
        listener.Prefixes.Add(Issuer + "/");
        listener.Start();
        _ = ServeAsync();
    }

    public string Issuer { get; }

    /// <summary>It takes requests and does not answer them.</summary>
    public volatile bool IsSilent;

    /// <summary>What it sends in place of its documents; null: its documents.</summary>
    public string? Nonsense { get; init; }

    public int Requests => Volatile.Read(ref requests);

    public string Sign(string subject, string[] roles, string audience, TenantId? org = null) =>
        TestJwt.Sign(key, "p1", Issuer, subject, org, roles, audience: audience);

    public void Dispose()
    {
        listener.Close();
        key.Dispose();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                var call = await listener.GetContextAsync();
                Interlocked.Increment(ref requests);
                if (IsSilent)
                {
                    unanswered.Add(call);
                    continue;
                }
                using var answer = call.Response;
                var text = Nonsense ?? (call.Request.Url!.AbsolutePath == "/keys" ? $$"""{"keys":[{{TestJwt.Jwk(key, "p1")}}]}"""
                    : $$"""{"issuer":"{{Issuer}}","jwks_uri":"{{Issuer}}/keys"}""");
                await answer.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
