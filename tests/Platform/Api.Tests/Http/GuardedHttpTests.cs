using System.Net;
using Strata.Api.Http;

namespace Strata.Api.Tests.Http;

/// <summary>Names that change their meaning. Nothing is sent: the connection is the test's.</summary>
public sealed class GuardedHttpTests
{
    private static readonly IPAddress Public = IPAddress.Parse("93.184.215.14");

    private readonly Queue<IPAddress[]> answers = new();
    private readonly List<IPAddress> connected = [];

    [Fact]
    public async Task Name_ThatIsPublicOnceAndLoopbackThen_IsConnectedAtTheAddressThatWasChecked()
    {
        answers.Enqueue([Public]);
        answers.Enqueue([IPAddress.Loopback]);
        answers.Enqueue([Public, IPAddress.Parse("10.0.0.1")]);
        using var http = GuardedHttp.Create(
            allowPrivate: false, TimeSpan.FromSeconds(30), host => new IOException("refused: " + host), ResolveAsync, ConnectAsync);
        Assert.Contains("connected", await FailureAsync(http), StringComparison.Ordinal);
        Assert.Equal([Public], connected);
        Assert.Equal(2, answers.Count); // looked up once for the connection
        Assert.Contains("refused: rebinding.example", await FailureAsync(http), StringComparison.Ordinal);
        Assert.Contains("refused: rebinding.example", await FailureAsync(http), StringComparison.Ordinal);
        Assert.Equal([Public], connected);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:10.0.0.1]")]
    [InlineData("169.254.169.254")]
    [InlineData("0x7f000001")]
    public async Task Address_ThatIsNotPublic_IsNeverConnected(string host)
    {
        using var http = GuardedHttp.Create(
            false, TimeSpan.FromSeconds(30), _ => new IOException("refused"), Dns.GetHostAddressesAsync, ConnectAsync);
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri($"http://{host}/")));
        Assert.Empty(connected);
    }

    private static async Task<string> FailureAsync(HttpClient http) =>
        (await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri("http://rebinding.example/")))).ToString();

    private Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) => Task.FromResult(answers.Dequeue());

    private ValueTask<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        connected.AddRange(addresses);
        throw new IOException("connected");
    }
}
