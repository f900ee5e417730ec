using Grpc.Core;
using Strata.Rpc.Protocols;

namespace Strata.Rpc.Serving;

/// <summary>One method of a service, with its handler, whatever protocol it is called by.</summary>
internal abstract class RpcMethod(IMethod method)
{
    public IMethod Method => method;

    public abstract Task HandleAsync(IWire wire, RpcCall call);
}

/// <param name="handle">The four kinds of methods in one shape.</param>
internal sealed class RpcMethod<TRequest, TResponse>(
    Method<TRequest, TResponse> method, Func<RequestStream<TRequest>, ResponseStream<TResponse>, RpcCall, Task> handle) : RpcMethod(method)
    where TRequest : class
    where TResponse : class
{
    private readonly Messages<TRequest> requests = new(method.RequestMarshaller);
    private readonly Messages<TResponse> responses = new(method.ResponseMarshaller);

    public override Task HandleAsync(IWire wire, RpcCall call) => handle(
        new RequestStream<TRequest>(wire, requests, call), new ResponseStream<TResponse>(wire, responses, call), call);
}

/// <summary>Takes the methods of a service as its generated code binds them.</summary>
internal sealed class MethodBinder(RpcLimits limits, TimeProvider time) : ServiceBinderBase
{
    public List<RpcMethod> Methods { get; } = [];

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
        Add(method, async (requests, responses, call) => await responses.WriteOnlyAsync(await handler!(await SingleAsync(requests), call)));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
        Add(method, async (requests, responses, call) => await responses.WriteOnlyAsync(await handler!(requests, call)));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
        Add(method, async (requests, responses, call) => await handler!(await SingleAsync(requests), responses, call));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
        Add(method, (requests, responses, call) => handler!(requests, responses, call));

    private void Add<TRequest, TResponse>(
        Method<TRequest, TResponse> method, Func<RequestStream<TRequest>, ResponseStream<TResponse>, RpcCall, Task> handle)
        where TRequest : class
        where TResponse : class => Methods.Add(new RpcMethod<TRequest, TResponse>(method, handle));

    /// <summary>Usually it has already arrived, and costs no timer.</summary>
    private async ValueTask<T> SingleAsync<T>(RequestStream<T> requests) where T : class
    {
        var reading = ReadSingleAsync(requests);
        if (reading.IsCompleted) return await reading;
        try
        {
            return await reading.WaitAsync(limits.RequestTimeout, time);
        }
        catch (TimeoutException)
        {
            throw CallErrors.Of(
                StatusCode.DeadlineExceeded, $"The request was not there within {limits.RequestTimeout.TotalSeconds:0.###} s.");
        }
    }

    private static async Task<T> ReadSingleAsync<T>(RequestStream<T> requests) where T : class
    {
        if (!await requests.MoveNext(CancellationToken.None))
            throw CallErrors.Of(StatusCode.InvalidArgument, "The request holds no message.");
        var single = requests.Current;
        return await requests.MoveNext(CancellationToken.None)
            ? throw CallErrors.Of(StatusCode.InvalidArgument, "The request holds more than one message.") : single;
    }
}
