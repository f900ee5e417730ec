using System.Buffers;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Strata.Rpc.Serving;

/// <summary>
/// Turns messages of one type into bytes and back: by the method's own marshaller, or as JSON where a client speaks that.
/// </summary>
internal sealed class Messages<T>(Marshaller<T> marshaller) where T : class
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(false));
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));
    private static readonly MessageDescriptor? Descriptor = DescriptorOf();

    public T Read(in ReadOnlySequence<byte> bytes, bool isJson)
    {
        try
        {
            return isJson ? ReadJson(bytes) : marshaller.ContextualDeserializer(new ReceivedPayload(bytes));
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or FormatException or ArgumentException)
        {
            throw Protocols.CallErrors.Of(StatusCode.InvalidArgument, $"The message cannot be read: {e.Message}");
        }
    }

    public void Write(T message, WrittenPayload target, bool isJson)
    {
        if (isJson) target.Complete(Encoding.UTF8.GetBytes(Formatter.Format((IMessage)message)));
        else marshaller.ContextualSerializer(message, target);
    }

    private static T ReadJson(in ReadOnlySequence<byte> bytes)
    {
        if (Descriptor is null) throw Protocols.CallErrors.Of(StatusCode.Unimplemented, "This method is not spoken in JSON.");
        var text = Encoding.UTF8.GetString(bytes);
        return (T)Parser.Parse(text.Length == 0 ? "{}" : text, Descriptor);
    }

    private static MessageDescriptor? DescriptorOf() =>
        typeof(IMessage).IsAssignableFrom(typeof(T)) && Activator.CreateInstance<T>() is IMessage message ? message.Descriptor : null;
}
