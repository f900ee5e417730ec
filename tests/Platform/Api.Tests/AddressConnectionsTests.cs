using System.Net;
using Microsoft.AspNetCore.Connections;
using Strata.Api.Shares;

namespace Strata.Api.Tests;

public sealed class AddressConnectionsTests
{
    private readonly AddressConnections connections = new(new ApiLimits { AddressConnectionsMax = 2 });
    private readonly TaskCompletionSource end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7", "192.0.2.8")]
    [InlineData("192.0.2.7", "::ffff:192.0.2.7", "::ffff:192.0.2.8")]
    [InlineData("2001:db8:1:1::7", "2001:db8:1:1::8", "2001:db8:1:2::7")]
    public async Task Connections_OfOneAddress_AreBounded_AndOthersAreServed(string address, string same, string other)
    {
        Task[] open = [OpenAsync(address, out _), OpenAsync(same, out _)];
        await OpenAsync(same, out var served);
        Assert.False(served());
        Assert.Equal(1, connections.Refused);
        var others = OpenAsync(other, out served);
        Assert.True(served());
        end.SetResult();
        await Task.WhenAll([.. open, others]);
        await OpenAsync(address, out served);
        Assert.True(served());
        Assert.Equal(0, connections.Shares.Single().Used);
    }

    [Fact]
    public async Task Connection_ThatShowedAToken_CountsNoLonger()
    {
        Task[] open = [OpenAsync("192.0.2.7", out _), OpenAsync("192.0.2.7", out _, out var items)];
        ConnectionPlace.Of(items)!.Identified();
        ConnectionPlace.Of(items)!.Identified();
        var another = OpenAsync("192.0.2.7", out var served);
        Assert.True(served());
        await OpenAsync("192.0.2.7", out served);
        Assert.False(served());
        end.SetResult();
        await Task.WhenAll([.. open, another]);
        Assert.Equal(0, connections.Shares.Single().Used);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Connections_OfLoopback_AreNotBounded(string address)
    {
        var open = new List<Task>();
        for (var i = 0; i < 5; i++)
        {
            open.Add(OpenAsync(address, out var served));
            Assert.True(served());
        }
        end.SetResult();
        await Task.WhenAll(open);
    }

    private Task OpenAsync(string address, out Func<bool> served) => OpenAsync(address, out served, out _);

    private Task OpenAsync(string address, out Func<bool> served, out IDictionary<object, object?> items)
    {
        var wasServed = false;
        var connection = new DefaultConnectionContext { RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 40000) };
        items = connection.Items;
        served = () => wasServed;
        return connections.Use(_ =>
        {
            wasServed = true;
            return end.Task;
        })(connection);
    }
}
