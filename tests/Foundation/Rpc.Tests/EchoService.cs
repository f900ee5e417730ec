using Grpc.Core;
using Strata.Core;
using Strata.Rpc.Errors;

namespace Strata.Rpc.Tests;

/// <summary>Answers with what it was sent; one handler for every protocol.</summary>
internal sealed class EchoService : Echo.EchoBase
{
    private int open;

    /// <summary>Handlers at work now.</summary>
    public int Open => Volatile.Read(ref open);

    /// <summary>Messages that <see cref="Client"/> has taken so far, of all calls.</summary>
    public int Taken;

    /// <summary>Holds <see cref="Client"/> back before it takes a message.</summary>
    public Func<Task> Gate { get; set; } = () => Task.CompletedTask;

    public override Task<EchoReply> Unary(EchoRequest request, ServerCallContext context) => CountAsync(async () =>
    {
        if (context.RequestHeaders.GetValue("x-ask") is { } asked) context.ResponseTrailers.Add("x-told", asked);
        if (context.RequestHeaders.GetValueBytes("x-ask-bin") is { } bytes) context.ResponseTrailers.Add("x-told-bin", bytes);
        return await AnswerAsync(request, 0, context);
    });

    public override Task Server(EchoRequest request, IServerStreamWriter<EchoReply> responseStream, ServerCallContext context) =>
        CountAsync(async () =>
    {
        for (var number = 0; number < request.Count; number++)
            await responseStream.WriteAsync(await AnswerAsync(request, number, context), context.CancellationToken);
        if (request.Fail.Length > 0) throw Failure(request.Fail);
        return 0;
    });

    public override Task<EchoReply> Client(IAsyncStreamReader<EchoRequest> requestStream, ServerCallContext context) =>
        CountAsync(async () =>
    {
        var reply = new EchoReply();
        while (true)
        {
            await Gate();
            if (!await requestStream.MoveNext(context.CancellationToken)) return reply;
            Interlocked.Increment(ref Taken);
            reply.Text += requestStream.Current.Text;
            reply.Number++;
        }
    });

    public override Task Duplex(IAsyncStreamReader<EchoRequest> requestStream, IServerStreamWriter<EchoReply> responseStream,
        ServerCallContext context) => CountAsync(async () =>
    {
        for (var number = 0; await requestStream.MoveNext(context.CancellationToken); number++)
            await responseStream.WriteAsync(await AnswerAsync(requestStream.Current, number, context), context.CancellationToken);
        return 0;
    });

    private static async Task<EchoReply> AnswerAsync(EchoRequest request, int number, ServerCallContext context)
    {
        if (request.DelayMs > 0) await Task.Delay(request.DelayMs, context.CancellationToken);
        if (request.Fail.Length > 0 && request.Count == 0) throw Failure(request.Fail);
        return new EchoReply { Text = request.Text, Payload = request.Payload, Number = number };
    }

    private static RpcException Failure(string code) =>
        new Error(ErrorKind.Conflict, code, "It failed, as it was asked to: 50 % ü.", "Do not ask.")
    {
        Faults = [new ValidationError("fail", "It was set.")],
    }.ToRpcException();

    private async Task<T> CountAsync<T>(Func<Task<T>> work)
    {
        Interlocked.Increment(ref open);
        try
        {
            return await work();
        }
        finally
        {
            Interlocked.Decrement(ref open);
        }
    }
}
