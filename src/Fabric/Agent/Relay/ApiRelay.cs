using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Strata.Runtimes;

namespace Strata.Agent.Relay;

/// <summary>
/// Passes TCP connections of instances on to the API, which listens on loopback where instances cannot reach it. Takes connections only
/// from addresses of instances that run here, at most <see cref="PerInstanceMax"/> from each, and ends those on which nothing moves. It
/// does not inspect the bytes: every caller needs a token.
/// </summary>
internal sealed class ApiRelay(IPEndPoint listen, Uri api, IRuntime runtime, TimeProvider time, ILogger<ApiRelay> logger)
{
    public const int PerInstanceMax = 128;
    private const int BufferBytes = 16 * 1024;

    private static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ConnectTimeMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryListen = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, int> connections = new();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await AcceptAsync(cancellationToken);
            }
            catch (SocketException e)
            {
                logger.CannotListen(listen.ToString(), e.Message);
                await Task.Delay(RetryListen, time, cancellationToken);
            }
        }
    }

    private async Task AcceptAsync(CancellationToken cancellationToken)
    {
        using var listener = new TcpListener(listen);
        listener.Start(backlog: 256);
        while (true)
        {
            var socket = await listener.AcceptSocketAsync(cancellationToken);
            _ = ServeAsync(socket, cancellationToken);
        }
    }

    private async Task ServeAsync(Socket instance, CancellationToken cancellationToken)
    {
        var from = "";
        try
        {
            using (instance)
            {
                from = ((IPEndPoint)instance.RemoteEndPoint!).Address.ToString();
                if (!runtime.List().Any(run => run.Address == from && run.IsRunning)) return;
                await CountedAsync(from, () => PassAsync(instance, cancellationToken));
            }
        }
        catch (OperationCanceledException)
        {
            // The agent ends.
        }
        catch (Exception e)
        {
            logger.ConnectionFailed(from, e);
        }
    }

    /// <summary>Counts down whatever happens: an instance must not lose its places one by one.</summary>
    private async Task CountedAsync(string from, Func<Task> pass)
    {
        try
        {
            if (connections.AddOrUpdate(from, 1, (_, count) => count + 1) <= PerInstanceMax) await pass();
        }
        finally
        {
            if (connections.AddOrUpdate(from, 0, (_, count) => count - 1) <= 0) connections.TryRemove(new(from, 0));
        }
    }

    private async Task PassAsync(Socket instance, CancellationToken cancellationToken)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        instance.NoDelay = true;
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            idle.CancelAfter(ConnectTimeMax);
            await server.ConnectAsync(api.Host, api.Port, idle.Token);
            idle.CancelAfter(IdleMax);
            await Task.WhenAll(CopyAsync(instance, server, idle), CopyAsync(server, instance, idle));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // One end is gone or silent: closing the other notifies it.
        }
    }

    private static async Task CopyAsync(Socket source, Socket target, CancellationTokenSource idle)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await source.ReceiveAsync(buffer, idle.Token) is > 0 and var read)
            {
                idle.CancelAfter(IdleMax);
                for (var sent = 0; sent < read;) sent += await target.SendAsync(buffer.AsMemory(sent, read - sent), idle.Token);
            }
            target.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            await idle.CancelAsync();
            throw;
        }
    }
}

internal static partial class ApiRelayLog
{
    [LoggerMessage(LogLevel.Warning, "A connection of the instance at {Address} to the API ended with a failure")]
    public static partial void ConnectionFailed(this ILogger logger, string address, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Instances cannot reach the API: {Endpoint} cannot be listened on: {Reason}")]
    public static partial void CannotListen(this ILogger logger, string endpoint, string reason);
}
