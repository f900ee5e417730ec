using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Strata.Edge.Tls;

/// <summary>
/// What is known of an encrypted connection: for whom it was opened. Kestrel takes a connection with these features for one with TLS.
/// </summary>
internal sealed class TlsSession : ITlsConnectionFeature, ITlsApplicationProtocolFeature
{
    /// <summary>What the client asked for (SNI), in lower case.</summary>
    public string Host { get; set; } = "";

    /// <summary>The certificate that it was shown.</summary>
    public CertificateRecord? Certificate { get; set; }

    public ReadOnlyMemory<byte> ApplicationProtocol { get; set; }

    /// <summary>Clients are not asked for any.</summary>
    public X509Certificate2? ClientCertificate { get => null; set { } }

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
        Task.FromResult<X509Certificate2?>(null);

    /// <summary>Whether the certificate may serve the cloud's own API, whatever names it covers.</summary>
    public bool IsForApi => Certificate?.IsForApi == true;

    /// <summary>Whether a request for this host may come over the connection: the client has seen a certificate for it.</summary>
    /// <param name="host">Without port.</param>
    public bool IsFor(ReadOnlySpan<char> host) =>
        host.Equals(Host, StringComparison.OrdinalIgnoreCase) || Certificate?.Covers(host) == true;
}

/// <summary>The decrypted side of a connection.</summary>
internal sealed class TlsTransport(SslStream stream, System.Buffers.MemoryPool<byte>? memory) : IDuplexPipe
{
    private const int BufferBytes = 4096;

    /// <summary>A wait holds no buffer: it reads nothing until there is something.</summary>
    public PipeReader Input { get; } = PipeReader.Create(
        stream, new StreamPipeReaderOptions(memory, BufferBytes, BufferBytes / 2, leaveOpen: true, useZeroByteReads: true));

    public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(memory, BufferBytes, leaveOpen: true));
}
