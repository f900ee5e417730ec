using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;
using Strata.Edge.Metrics;
using Strata.Edge.Routing;
using Strata.Rpc.Listening;

namespace Strata.Edge.Tls;

/// <summary>
/// Takes TLS off clients' connections: the certificate is chosen by the host that the client names (SNI), HTTP/2 and HTTP/1.1 are agreed on
/// by ALPN. A handshake for a host whose certificate is still being issued waits for it a little; one for a host that is not ours fails.
/// </summary>
/// <param name="table">The present one.</param>
/// <param name="http2">Where connections go that speak HTTP/2.</param>
internal sealed partial class TlsConnections(
    CertificateStore certificates, Func<EdgeTable> table, TlsLimits limits, HandOver http2, EdgeMetrics metrics, TimeProvider time,
    ILogger logger)
{
    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = false };

    private readonly KeyedRoom holds = new(limits.HeldMax, limits.HeldPerOrganizationMax);
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int handshakes;

    /// <summary>For an endpoint of HTTP/1.1.</summary>
    public ConnectionDelegate Use(ConnectionDelegate http1) => connection => RunAsync(connection, http1);

    /// <summary>Handshakes that wait look again.</summary>
    public void TableChanged() =>
        Interlocked.Exchange(ref changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private async Task RunAsync(ConnectionContext connection, ConnectionDelegate http1)
    {
        var outer = connection.Transport;
        var stream = new SslStream(new DuplexStream(outer), leaveInnerStreamOpen: true);
        await using (stream.ConfigureAwait(false))
        {
            if (await HandshakeAsync(connection, stream) is not { } session) return;
            connection.Features.Set<ITlsConnectionFeature>(session);
            connection.Features.Set<ITlsApplicationProtocolFeature>(session);
            connection.Features.Set(session);
            var inner = new TlsTransport(stream, connection.Features.Get<IMemoryPoolFeature>()?.MemoryPool);
            connection.Transport = inner;
            try
            {
                var isHttp2 = session.ApplicationProtocol.Span.SequenceEqual(SslApplicationProtocol.Http2.Protocol.Span);
                await (isHttp2 ? http2.RunAsync(connection) : http1(connection));
            }
            finally
            {
                await EndAsync(connection, inner, stream);
                connection.Transport = outer;
            }
        }
    }

    /// <summary>
    /// Says goodbye where the client still listens, so that it can distinguish an end from a cut. Kestrel looks after the connection no
    /// longer, so one whose client takes nothing is cut here.
    /// </summary>
    private async Task EndAsync(ConnectionContext connection, TlsTransport transport, SslStream stream)
    {
        var goodbye = SayGoodbyeAsync(transport, stream);
        try
        {
            await goodbye.WaitAsync(limits.GoodbyeTimeout, time);
        }
        catch (TimeoutException)
        {
            connection.Abort(new ConnectionAbortedException("The client does not take the end of the connection."));
            await goodbye;
        }
    }

    private static async Task SayGoodbyeAsync(TlsTransport transport, SslStream stream)
    {
        try
        {
            await transport.Input.CompleteAsync();
            await transport.Output.CompleteAsync();
            await stream.ShutdownAsync();
        }
        catch (Exception e) when (IsOfConnection(e))
        {
            // It has ended already.
        }
    }

    /// <returns>Null: it failed, and the connection ends.</returns>
    private async Task<TlsSession?> HandshakeAsync(ConnectionContext connection, SslStream stream)
    {
        var session = new TlsSession();
        using var timeout = new CancellationTokenSource(limits.HandshakeTimeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, connection.ConnectionClosed);
        var isCounted = false;
        try
        {
            if (await PlainHttp.IsAsync(connection.Transport.Input, ended.Token))
            {
                await connection.Transport.Output.WriteAsync(PlainHttp.Refusal, ended.Token);
                throw new AuthenticationException("The client speaks HTTP without TLS.");
            }
            isCounted = true; // one that says nothing takes the place of a connection, and no more
            if (Interlocked.Increment(ref handshakes) > limits.HandshakesMax)
                throw new AuthenticationException("Too many handshakes are under way.");
            await stream.AuthenticateAsServerAsync(
                (_, hello, _, cancellation) => ChooseAsync(hello.ServerName, session, cancellation), null, ended.Token);
            session.ApplicationProtocol = stream.NegotiatedApplicationProtocol.Protocol;
            metrics.CountHandshake("done");
            return session;
        }
        catch (Exception e) when (IsOfConnection(e))
        {
            metrics.CountHandshake(session.Certificate is null && session.Host.Length > 0 ? "no_certificate" : "failed");
            LogFailed(logger, session.Host, e.Message);
            return null;
        }
        finally
        {
            if (isCounted) Interlocked.Decrement(ref handshakes);
        }
    }

    private async ValueTask<SslServerAuthenticationOptions> ChooseAsync(
        string name, TlsSession session, CancellationToken cancellationToken)
    {
        session.Host = HostOf(name);
        // What follows signs with the certificate's key, which may take milliseconds: an event loop has others to serve meanwhile.
        await Task.Yield();
        var options = await TryChooseAsync(session, cancellationToken);
        if (options is null && session.Certificate is not { IsFailed: true } && table().FindHost(session.Host) is { } routes)
            options = await HoldAsync(session, routes.Org, cancellationToken);
        return options ?? throw new AuthenticationException(
            name.Length == 0 ? "The client names no host (SNI)." : "There is no certificate for the host.");
    }

    /// <summary>The framework reads names in their readable form; hosts are kept in that of DNS (<c>xn--…</c>).</summary>
    private static string HostOf(string name)
    {
        try
        {
            return HostName.Of(Idn.GetAscii(name)).ToString().ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return ""; // no name at all
        }
    }

    private ValueTask<SslServerAuthenticationOptions?> TryChooseAsync(TlsSession session, CancellationToken cancellationToken)
    {
        session.Certificate = table().FindHost(session.Host)?.Certificate;
        return session.Certificate is { } certificate ? certificates.FindAsync(certificate, cancellationToken) : default;
    }

    private async Task<SslServerAuthenticationOptions?> HoldAsync(TlsSession session, string org, CancellationToken cancellationToken)
    {
        if (!holds.TryEnter(org)) return null;
        try
        {
            using var patience = new CancellationTokenSource(limits.HoldTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            while (!either.IsCancellationRequested && session.Certificate is not { IsFailed: true })
            {
                var next = Volatile.Read(ref changed).Task; // before the look, so that no change is missed
                if (await TryChooseAsync(session, cancellationToken) is { } options) return options;
                await next.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            return null;
        }
        finally
        {
            holds.Leave(org);
        }
    }

    /// <summary>What a client can bring about, by leaving or by sending what is no TLS.</summary>
    private static bool IsOfConnection(Exception e) => e is AuthenticationException or IOException or OperationCanceledException
        or ConnectionAbortedException or ObjectDisposedException or InvalidOperationException or NotSupportedException
        or CryptographicException or System.ComponentModel.Win32Exception;

    [LoggerMessage(Level = LogLevel.Debug, Message = "A TLS handshake for {Host} failed: {Reason}")]
    private static partial void LogFailed(ILogger logger, string host, string reason);
}
