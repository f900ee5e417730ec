using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Strata.Rpc.Tests;

/// <summary>
/// Clients that nobody wrote for Strata, each through the same battery: all kinds of streams, errors, deadlines, big and compressed
/// messages, cancellation.
/// </summary>
public sealed class InteropTests : IAsyncLifetime
{
    private EchoHost host = null!;

    public async ValueTask InitializeAsync() => host = await EchoHost.StartAsync(new RpcLimits { MessageBytesMax = 5 << 20 });

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Fact]
    public async Task GrpcJs_GetsAll()
    {
        await Script.NodeAsync("tests/clients/javascript/echo-grpc.js", host.Address.Authority,
            Path.Combine(Script.Root, "tests/Foundation/Rpc.Tests/echo.proto"));
        await Wait.UntilAsync(() => host.Service.Open == 0, "every handler has ended");
    }

    [Fact]
    public async Task ConnectNode_InEachProtocol_GetsAll()
    {
        var file = Path.Combine(Path.GetTempPath(), $"echo-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}.bin");
        await File.WriteAllBytesAsync(file, DescriptorSet().ToByteArray(), TestContext.Current.CancellationToken);
        try
        {
            await Script.NodeAsync("tests/clients/javascript/echo-connect.js", host.Address.ToString().TrimEnd('/'), file);
            await Wait.UntilAsync(() => host.Service.Open == 0, "every handler has ended");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Grpcio_GetsAll()
    {
        await Script.PythonAsync("tests/clients/python/echo_grpcio.py", host.Address.Authority);
        await Wait.UntilAsync(() => host.Service.Open == 0, "every handler has ended");
    }

    /// <summary>With the names of JSON, which the descriptors in generated code leave out.</summary>
    private static FileDescriptorSet DescriptorSet()
    {
        var file = Echo.Descriptor.File.ToProto();
        foreach (var (message, described) in file.MessageType.Zip(Echo.Descriptor.File.MessageTypes))
        {
            foreach (var field in message.Field) field.JsonName = described.FindFieldByNumber(field.Number).JsonName;
        }
        return new FileDescriptorSet { File = { file } };
    }
}
